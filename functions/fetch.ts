/** The Lambda function that reads records from partitions and finds offsets. */
import type { Services } from "../shared/services/services.ts";
import { accessFromEnvironment } from "./access.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { fetchOperations } from "./operations/fetch.ts";

export const createFetchHandler = (services: Services): HttpHandler =>
  createHttpHandler(fetchOperations(services, accessFromEnvironment()));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createFetchHandler);
