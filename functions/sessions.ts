/** The Lambda function for sessions. */
import { createCoordinationServices, type CoordinationServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { sessionsOperations } from "./operations/sessions.ts";

export const createSessionsHandler = (services: CoordinationServices): HttpHandler =>
  createHttpHandler(sessionsOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createCoordinationServices, createSessionsHandler);
