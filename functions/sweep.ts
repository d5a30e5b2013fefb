/** The Lambda function that runs on a schedule and looks for duties that a lost wake-up left. */
import type { ScheduledEvent } from "aws-lambda";
import { createDutyServices, type DutyServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createBackgroundHandler } from "./duties/background-handler.ts";
import type { BackgroundHandler } from "./duties/background-handler.ts";
import { writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";

export type SweepHandler = BackgroundHandler<ScheduledEvent, void>;

export function createSweepHandler({ duties }: DutyServices, log: Log = writeLog): SweepHandler {
  return createBackgroundHandler("sweep", async () => duties.sweep(), log);
}

/** Entry of the Lambda function. */
export const handler: SweepHandler = inContainer(createDutyServices, createSweepHandler);
