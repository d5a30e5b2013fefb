/** The Lambda function that does background duties for partitions, as the duty queue delivers them. */
import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { Services } from "../shared/services/services.ts";
import { decodeDuty } from "../shared/storage/aws/duty-message.ts";
import { inContainer } from "./container.ts";
import { createBackgroundHandler } from "./duties/background-handler.ts";
import type { BackgroundHandler } from "./duties/background-handler.ts";
import { doDuty } from "./duties/do-duty.ts";
import { describeError, writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";

/** With less time than this left a duty is not begun, but goes back to the queue. */
const dutyMsMin = 20_000;

export type SealHandler = BackgroundHandler<SQSEvent, SQSBatchResponse>;

/** Does one duty after the other. A duty that fails is reported, and only that one comes again or is put aside. */
export function createSealHandler({ duties }: Services, log: Log = writeLog): SealHandler {
  return createBackgroundHandler(
    "duties",
    async ({ Records: messages }, { getRemainingTimeInMillis }) => {
      const batchItemFailures: SQSBatchResponse["batchItemFailures"] = [];
      for (const { messageId, body } of messages) {
        try {
          if ((getRemainingTimeInMillis?.() ?? dutyMsMin) < dutyMsMin) throw new Error("no time left to begin a duty");
          await doDuty(duties, decodeDuty(body));
        } catch (error) {
          log("ERROR", "duty failed", { messageId, duty: body, cause: describeError(error) });
          batchItemFailures.push({ itemIdentifier: messageId });
        }
      }
      return { batchItemFailures };
    },
    log,
  );
}

/** Entry of the Lambda function. */
export const handler: SealHandler = inContainer(createSealHandler);
