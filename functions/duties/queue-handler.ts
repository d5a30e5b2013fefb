/** A function that does background duties as a queue delivers them. */
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { DutyService } from "../../shared/services/services.ts";
import { decodeDuty } from "../../shared/storage/aws/duty-message.ts";
import { describeError, writeLog } from "../http/log.ts";
import type { Log } from "../http/log.ts";
import { createBackgroundHandler } from "./background-handler.ts";
import type { BackgroundHandler } from "./background-handler.ts";
import { doDuty } from "./do-duty.ts";

export type QueueHandler = BackgroundHandler<SQSEvent, SQSBatchResponse>;

/**
 * Does one duty after the other. A duty that fails is reported, and only that one comes again or is put aside.
 *
 * @param dutyMsMin with less time than this left a duty is not begun, but goes back to the queue
 */
export function createQueueHandler(
  name: string,
  duties: DutyService,
  dutyMsMin: number,
  log: Log = writeLog,
): QueueHandler {
  return createBackgroundHandler(
    name,
    async ({ Records: messages }, { getRemainingTimeInMillis, metrics }) => {
      const batchItemFailures: SQSBatchResponse["batchItemFailures"] = [];
      for (const { messageId, body } of messages) {
        try {
          if ((getRemainingTimeInMillis?.() ?? dutyMsMin) < dutyMsMin) throw new Error("no time left to begin a duty");
          await doDuty(duties, decodeDuty(body));
        } catch (error) {
          metrics?.count("DutyFailures", 1, { duty: name });
          log("ERROR", "duty failed", { messageId, duty: body, cause: describeError(error) });
          batchItemFailures.push({ itemIdentifier: messageId });
        }
      }
      return { batchItemFailures };
    },
    log,
  );
}
