/** The Lambda function that appends records to partitions, deletes their beginning, and gives ids to producers. */
import { createAppendingServices, type AppendingServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { produceOperations } from "./operations/produce.ts";

export const createProduceHandler = (services: AppendingServices): HttpHandler =>
  createHttpHandler(produceOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createAppendingServices, createProduceHandler);
