/**
 * What CloudFormation is answered by a function behind a custom resource
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html).
 */
import type { CloudFormationCustomResourceEvent } from "aws-lambda";

/** Takes the answer to CloudFormation's URL. */
export type PutAnswer = (url: string, body: Uint8Array) => Promise<void>;

/** The whole answer may have 4,096 bytes. */
const reasonCharsMax = 1_000;

/** @param failure why it was not done; undefined if it was */
export async function answerCloudFormation(
  put: PutAnswer,
  { ResponseURL, StackId, RequestId, LogicalResourceId }: CloudFormationCustomResourceEvent,
  physicalResourceId: string,
  failure: string | undefined,
): Promise<void> {
  const answer = {
    Status: failure === undefined ? "SUCCESS" : "FAILED",
    ...(failure === undefined ? {} : { Reason: failure.slice(0, reasonCharsMax) }),
    PhysicalResourceId: physicalResourceId,
    StackId,
    RequestId,
    LogicalResourceId,
  };
  await put(ResponseURL, Buffer.from(JSON.stringify(answer)));
}

/** @throws Error if CloudFormation does not take it */
export async function putAnswer(url: string, body: Uint8Array): Promise<void> {
  // The URL is signed for no content type, and `fetch` gives bytes none.
  const { ok, status } = await fetch(url, { method: "PUT", body: new Uint8Array(body) });
  if (!ok) throw new Error(`CloudFormation took no answer: ${status}`);
}
