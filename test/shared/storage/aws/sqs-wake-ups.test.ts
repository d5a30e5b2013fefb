import type { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { AwsRequests } from "../../../../shared/storage/aws/aws-requests.ts";
import { decodeDuty } from "../../../../shared/storage/aws/duty-message.ts";
import { SqsWakeUps } from "../../../../shared/storage/aws/sqs-wake-ups.ts";
import type { Duty } from "../../../../shared/storage/environment.ts";
import { createNodeEnvironment } from "../../../../shared/storage/node/node-environment.ts";

interface Sent {
  readonly queue: string | undefined;
  readonly duty: Duty;
  readonly seconds: number | undefined;
}

function open(): { readonly wakeUps: SqsWakeUps; readonly sent: readonly Sent[] } {
  const sent: Sent[] = [];
  const client = {
    send: async ({ input }: SendMessageCommand) => {
      sent.push({ queue: input.QueueUrl, duty: decodeDuty(input.MessageBody ?? ""), seconds: input.DelaySeconds });
    },
  } as unknown as SQSClient;
  const requests = new AwsRequests(createNodeEnvironment());
  return { wakeUps: new SqsWakeUps({ client, dutyQueueUrl: "duties", expiryQueueUrl: "expiry", requests }), sent };
}

test("sends what is due at a time to one queue, and what may take long to the other", async () => {
  const { wakeUps, sent } = open();
  const duties: readonly Duty[] = [
    { kind: "reap", namespace: "team", sessionId: "1" },
    { kind: "expire", namespace: "team" },
    { kind: "seal", topicId: "t", partition: 0 },
    { kind: "retain", topicId: "t", partition: 0 },
    { kind: "collect", topicId: "t", partition: 0 },
  ];
  for (const duty of duties) await wakeUps.wake(duty, 0);
  expect(sent.map(({ duty }) => duty)).toEqual(duties);
  expect(sent.map(({ queue }) => queue)).toEqual(["expiry", "expiry", "duties", "duties", "duties"]);
});

test.each([
  [-5, 0],
  [0, 0],
  [1, 1],
  [1_000, 1],
  [10_250, 11],
  [600_250, 601],
  [899_001, 900],
  [10_000_000, 900],
])(
  "asks for a delay of %i ms as %i s: never too early, less than a second late, 15 minutes at most",
  async (ms, seconds) => {
    const { wakeUps, sent } = open();
    await wakeUps.wake({ kind: "reap", namespace: "team", sessionId: "1" }, ms);
    expect(sent.map((one) => one.seconds)).toEqual([seconds]);
  },
);
