/**
 * The Lambda function that CloudFormation asks to empty the bucket of a stack that was made to be thrown away, when it deletes
 * the stack (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html).
 */
import { S3Client } from "@aws-sdk/client-s3";
import type { CloudFormationCustomResourceEvent } from "aws-lambda";
import { emptyingMarginMs } from "../shared/limits/empty-bucket.ts";
import { hasOwnS3Endpoint } from "../shared/storage/aws/client-options.ts";
import { emptyBucket, type Emptied } from "../shared/storage/aws/empty-bucket.ts";
import type { InvocationContext } from "./http/event.ts";
import { describeError, writeLog } from "./http/log.ts";
import type { Log } from "./http/log.ts";

export interface Emptier {
  readonly bucket: string;
  readonly empty: (isLate: () => boolean) => Promise<Emptied>;
  /** Takes the answer to CloudFormation's URL. */
  readonly put: (url: string, body: Uint8Array) => Promise<void>;
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
    const { StackId, RequestId, LogicalResourceId } = event;
    const answer = {
      Status: failure === undefined ? "SUCCESS" : "FAILED",
      ...(failure === undefined ? {} : { Reason: failure }),
      PhysicalResourceId: emptier.bucket,
      StackId,
      RequestId,
      LogicalResourceId,
    };
    await emptier.put(event.ResponseURL, Buffer.from(JSON.stringify(answer)));
  };
}

async function putAnswer(url: string, body: Uint8Array): Promise<void> {
  // The URL is signed for no content type, and `fetch` gives bytes none.
  const { ok, status } = await fetch(url, { method: "PUT", body: new Uint8Array(body) });
  if (!ok) throw new Error(`CloudFormation took no answer: ${status}`);
}

/** Entry of the Lambda function. */
export const handler = async (event: CloudFormationCustomResourceEvent, context: InvocationContext): Promise<void> => {
  const bucket = process.env["STREAMKEEPER_BUCKET"] ?? "";
  const client = new S3Client({ forcePathStyle: hasOwnS3Endpoint(process.env) });
  const empty = async (isLate: () => boolean): Promise<Emptied> => await emptyBucket(client, bucket, isLate);
  await createEmptyBucketHandler({ bucket, empty, put: putAnswer })(event, context);
};
