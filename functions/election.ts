/** The Lambda function for elections and locks. */
import type { Services } from "../shared/services/services.ts";
import { accessFromEnvironment } from "./access.ts";
import { inContainer } from "./container.ts";
import { createHttpHandler } from "./http/handler.ts";
import type { HttpHandler } from "./http/handler.ts";
import { electionOperations } from "./operations/election.ts";

export const createElectionHandler = (services: Services): HttpHandler =>
  createHttpHandler(electionOperations(services, accessFromEnvironment()));

/** Entry of the Lambda function. */
export const handler: HttpHandler = inContainer(createElectionHandler);
