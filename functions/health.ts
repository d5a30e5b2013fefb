/** The Lambda function that answers whether the service lives and can write and read. */
import { createHealthServices, type HealthServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { healthOperations } from "./operations/health.ts";

export const createHealthHandler = (services: HealthServices): HttpHandler =>
  createHttpHandler(healthOperations(services));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createHealthServices, createHealthHandler);
