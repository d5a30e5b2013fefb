/** The Lambda function that does background duties for partitions, as the duty queue delivers them. */
import { createDutyServices, type DutyServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createQueueHandler } from "./duties/queue-handler.ts";
import type { QueueHandler } from "./duties/queue-handler.ts";
import type { Log } from "./http/log.ts";

/** Sealing a segment of 64 MiB takes a few seconds. */
const dutyMsMin = 20_000;

export function createSealHandler({ duties }: DutyServices, log?: Log): QueueHandler {
  return createQueueHandler("duties", duties, dutyMsMin, log);
}

/** Entry of the Lambda function. */
export const handler: QueueHandler = inContainer(createDutyServices, createSealHandler);
