/** The Lambda function for sessions. */
import type { Services } from "../shared/services/services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { sessionsOperations } from "./operations/sessions.ts";

export const createSessionsHandler = (services: Services): HttpHandler =>
  createHttpHandler(sessionsOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createSessionsHandler);
