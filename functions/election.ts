/** The Lambda function for elections and locks. */
import { createCoordinationServices, type CoordinationServices } from "../shared/services/capability-services.ts";
import { accessFromEnvironment } from "./access.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { electionOperations } from "./operations/election.ts";

export const createElectionHandler = (services: CoordinationServices): HttpHandler =>
  createHttpHandler(electionOperations(services, accessFromEnvironment()));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createCoordinationServices, createElectionHandler);
