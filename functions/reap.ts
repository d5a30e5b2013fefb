/** The Lambda function that ends sessions and znodes whose time is over, as the expiry queue delivers them. */
import { createDutyServices, type DutyServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createQueueHandler } from "./duties/queue-handler.ts";
import type { QueueHandler } from "./duties/queue-handler.ts";
import type { Log } from "./http/log.ts";

/** A few requests, after the tree has been loaded. */
const dutyMsMin = 5_000;

export function createReapHandler({ duties }: DutyServices, log?: Log): QueueHandler {
  return createQueueHandler("expiry", duties, dutyMsMin, log);
}

/** Entry of the Lambda function. */
export const handler: QueueHandler = inContainer(createDutyServices, createReapHandler);
