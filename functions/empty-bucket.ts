/**
 * The Lambda function that CloudFormation asks to empty the bucket of a stack that was made to be thrown away, when it deletes
 * the stack.
 */
import { S3Client } from "@aws-sdk/client-s3";
import type { CloudFormationCustomResourceEvent } from "aws-lambda";
import { emptyingMarginMs } from "../shared/limits/empty-bucket.ts";
import { hasOwnS3Endpoint } from "../shared/storage/aws/client-options.ts";
import { emptyBucket, type Emptied } from "../shared/storage/aws/empty-bucket.ts";
import { answerCloudFormation, putAnswer } from "./custom-resource.ts";
import type { PutAnswer } from "./custom-resource.ts";
import type { InvocationContext } from "./http/event.ts";
import { describeError, writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";

export interface Emptier {
  readonly bucket: string;
  readonly empty: (isLate: () => boolean) => Promise<Emptied>;
  readonly put: PutAnswer;
}

/** Always answers: CloudFormation would wait for an hour for an answer that does not come. */
export function createEmptyBucketHandler(emptier: Emptier, log: Log = writeLog) {
  return async (event: CloudFormationCustomResourceEvent, context: InvocationContext): Promise<void> => {
    const isLate = (): boolean => (context.getRemainingTimeInMillis?.() ?? Infinity) < emptyingMarginMs;
    let failure: string | undefined;
    if (event.RequestType === "Delete") {
      try {
        const emptied = await emptier.empty(isLate);
        log("INFO", `the bucket was ${emptied.kind}`, emptied.kind === "kept" ? {} : { objects: emptied.objects });
      } catch (error) {
        failure = error instanceof Error ? error.message : "the bucket could not be emptied";
        log("ERROR", "the bucket could not be emptied", { cause: describeError(error) });
      }
    }
    await answerCloudFormation(emptier.put, event, emptier.bucket, failure);
  };
}

/** Entry of the Lambda function. */
export const handler = async (event: CloudFormationCustomResourceEvent, context: InvocationContext): Promise<void> => {
  const bucket = process.env["STREAMKEEPER_BUCKET"] ?? "";
  const client = new S3Client({ forcePathStyle: hasOwnS3Endpoint(process.env) });
  const empty = async (isLate: () => boolean): Promise<Emptied> => await emptyBucket(client, bucket, isLate);
  await createEmptyBucketHandler({ bucket, empty, put: putAnswer })(event, context);
};
