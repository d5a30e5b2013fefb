/**
 * The Lambda function that CloudFormation calls for the service's stack: when it is created or changed, so that a sweep looks at data
 * that were kept, and before it is deleted, so that all of them are sealed.
 */
import type { CloudFormationCustomResourceEvent } from "aws-lambda";
import { handoverMarginMs, quietSecondsMax } from "../shared/limits/handover.ts";
import { createHandoverServices, type HandoverServices } from "../shared/services/capability-services.ts";
import { inContainer } from "./container.ts";
import { answerCloudFormation, putAnswer } from "./custom-resource.ts";
import type { PutAnswer } from "./custom-resource.ts";
import type { InvocationContext } from "./http/event.ts";
import { describeError, writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";

export type HandoverHandler = (event: CloudFormationCustomResourceEvent, context: InvocationContext) => Promise<void>;

const physicalResourceId = "handover";
/** Lambda's longest. */
const timeMsMax = 900_000;

/** Always answers: CloudFormation would wait for an hour for an answer that does not come. */
export function createHandoverHandler(
  { handover }: HandoverServices,
  put: PutAnswer = putAnswer,
  log: Log = writeLog,
): HandoverHandler {
  const work = async (
    { RequestType, ResourceProperties }: CloudFormationCustomResourceEvent,
    { getRemainingTimeInMillis }: InvocationContext,
  ): Promise<void> => {
    if (RequestType !== "Delete") return handover.takeOver();
    // Deleted with their stack, the data need nothing.
    if (ResourceProperties["RetainData"] === "false") return;
    const timeMs = (getRemainingTimeInMillis?.() ?? timeMsMax) - handoverMarginMs;
    const { partitions } = await handover.handOver({ quietMs: quietMsOf(ResourceProperties), timeMs });
    log("INFO", "all partitions are sealed", { partitions });
  };
  return async (event, context) => {
    let failure: string | undefined;
    try {
      await work(event, context);
    } catch (error) {
      failure = error instanceof Error ? error.message : "the data could not be handed over";
      log("ERROR", "handover failed", { request: event.RequestType, cause: describeError(error) });
    }
    await answerCloudFormation(put, event, physicalResourceId, failure);
  };
}

function quietMsOf(properties: CloudFormationCustomResourceEvent["ResourceProperties"]): number {
  const seconds = Number(properties["QuietSeconds"]);
  return 1_000 * (seconds >= 0 ? Math.min(seconds, quietSecondsMax) : quietSecondsMax);
}

/** Entry of the Lambda function. */
export const handler: HandoverHandler = inContainer(createHandoverServices, (services) =>
  createHandoverHandler(services),
);
