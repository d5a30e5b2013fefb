/** The Lambda function for transactions. */
import type { Services } from "../shared/services/services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { transactionsOperations } from "./operations/transactions.ts";

export const createTransactionsHandler = (services: Services): HttpHandler =>
  createHttpHandler(transactionsOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createTransactionsHandler);
