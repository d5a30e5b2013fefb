/** The Lambda function for znodes, multi and changes. */
import { createZnodeServices, type ZnodeServices } from "../shared/services/capability-services.ts";
import { accessFromEnvironment } from "./access.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { znodeOperations } from "./operations/znode.ts";

export const createZnodeHandler = (services: ZnodeServices): HttpHandler =>
  createHttpHandler(znodeOperations(services, accessFromEnvironment()));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createZnodeServices, createZnodeHandler);
