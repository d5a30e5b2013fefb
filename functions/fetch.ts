/** The Lambda function that reads records from partitions and finds offsets. */
import { createFetchServices, type FetchServices } from "../shared/services/capability-services.ts";
import { accessFromEnvironment } from "./access.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { fetchOperations } from "./operations/fetch.ts";

export const createFetchHandler = (services: FetchServices): HttpHandler =>
  createHttpHandler(fetchOperations(services, accessFromEnvironment()));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createFetchServices, createFetchHandler);
