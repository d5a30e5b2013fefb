/** The Lambda function for transactions. */
import type { Services } from "../shared/services/services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";

const createTransactionsHandler = (_services: Services): HttpHandler => createHttpHandler([]);

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createTransactionsHandler);
