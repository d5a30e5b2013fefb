/** The Lambda function for namespaces and topics. */
import type { Services } from "../shared/services/services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { topicsOperations } from "./operations/topics.ts";

export const createTopicsHandler = (services: Services): HttpHandler => createHttpHandler(topicsOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createTopicsHandler);
