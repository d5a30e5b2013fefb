/** The Lambda function that runs on a schedule and looks for duties that a lost wake-up left. */
import type { ScheduledEvent } from "aws-lambda";
import { createSweepServices, type SweepServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { createBackgroundHandler } from "./duties/background-handler.ts";
import type { BackgroundHandler } from "./duties/background-handler.ts";
import { describeError, writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";

export type SweepHandler = BackgroundHandler<ScheduledEvent, void>;

/** Far from the 15 min that the function has; the groups that it does not come to are looked at by their members' heartbeats. */
const gaugesMsMax = 60_000;

export function createSweepHandler({ duties, gauges }: SweepServices, log: Log = writeLog): SweepHandler {
  const sweep = async (): Promise<void> => {
    try {
      await duties.sweep();
    } finally {
      await gauges.refresh(gaugesMsMax).catch((cause: unknown) => {
        log("WARN", "gauges were not refreshed", { cause: describeError(cause) });
      });
    }
  };
  return createBackgroundHandler("sweep", sweep, log);
}

/** Entry of the Lambda function. */
export const handler: SweepHandler = inContainer(createSweepServices, createSweepHandler);
