/** The Lambda function for consumer groups and share groups. */
import { createGroupServices, type GroupServices } from "../shared/services/capability-services.ts";
import { laterPatterns } from "../shared/services/later-patterns.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { groupsOperations } from "./operations/groups.ts";
import { shareGroupsOperations } from "./operations/share-groups.ts";

export const createGroupsHandler = (services: GroupServices): HttpHandler =>
  createHttpHandler([...groupsOperations(services), ...shareGroupsOperations(services)]);

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(
  (storage) => createGroupServices(storage, laterPatterns()),
  createGroupsHandler,
);
