/** The Lambda function for transactions. */
import { createAppendingServices, type AppendingServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { transactionsOperations } from "./operations/transactions.ts";

export const createTransactionsHandler = (services: AppendingServices): HttpHandler =>
  createHttpHandler(transactionsOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createAppendingServices, createTransactionsHandler);
