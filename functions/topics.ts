/** The Lambda function for namespaces and topics. */
import { createTopicServices, type TopicServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { topicsOperations } from "./operations/topics.ts";

export const createTopicsHandler = (services: TopicServices): HttpHandler =>
  createHttpHandler(topicsOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createTopicServices, createTopicsHandler);
