import { DeleteMessageCommand, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { encodeDuty } from "../../../../shared/storage/aws/duty-message.ts";
import { SqsReceiver } from "../../../../shared/storage/aws/sqs-receiver.ts";
import type { Duty } from "../../../../shared/storage/environment.ts";

const reap = (sessionId: string): Duty => ({ kind: "reap", namespace: "team", sessionId });

/** A queue that gives each of these answers once, and then waits until it is asked no more. */
class ScriptedQueue {
  readonly deleted: string[] = [];
  readonly asked: ReceiveMessageCommand["input"][] = [];
  destroyed = false;
  readonly #answers: (readonly string[] | Error)[];

  constructor(answers: readonly (readonly string[] | Error)[]) {
    this.#answers = [...answers];
  }

  client(): Pick<SQSClient, "send" | "destroy"> {
    const send = async (command: unknown, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<object> => {
      if (command instanceof DeleteMessageCommand) {
        this.deleted.push(command.input.ReceiptHandle ?? "");
        return {};
      }
      if (!(command instanceof ReceiveMessageCommand)) throw new Error("an unknown command");
      this.asked.push(command.input);
      const answer = this.#answers.shift();
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return { Messages: answer.map((body) => ({ Body: body, ReceiptHandle: body })) };
      const { promise, reject } = Promise.withResolvers<object>();
      abortSignal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      return await promise;
    };
    return { send, destroy: () => (this.destroyed = true) } as unknown as Pick<SQSClient, "send" | "destroy">;
  }
}

async function receive(queue: ScriptedQueue, handle: (duty: Duty) => Promise<void>): Promise<unknown[]> {
  const failures: unknown[] = [];
  const timers = { sleep: async (): Promise<void> => {} };
  const onFailure = (cause: unknown): void => void failures.push(cause);
  const receiver = new SqsReceiver({ client: queue.client(), queueUrl: "expiry", timers, handle, onFailure });
  receiver.start();
  await expect.poll(() => queue.asked.length).toBeGreaterThan(2);
  await receiver.stop();
  expect(queue.destroyed).toBe(true);
  return failures;
}

test("a duty is done, and only then taken from the queue", async () => {
  const queue = new ScriptedQueue([[encodeDuty(reap("1")), encodeDuty(reap("2"))], [encodeDuty(reap("3"))]]);
  const done: Duty[] = [];
  const failures = await receive(queue, async (duty) => {
    expect(queue.deleted).not.toContain(encodeDuty(duty));
    done.push(duty);
  });
  expect(failures).toEqual([]);
  expect(done).toEqual([reap("1"), reap("2"), reap("3")]);
  expect(queue.deleted).toEqual(done.map(encodeDuty));
  expect(queue.asked[0]).toMatchObject({ QueueUrl: "expiry", WaitTimeSeconds: 20, VisibilityTimeout: 2 });
});

test("what fails, and what is no duty, stays in the queue, and is told; a queue that fails is asked again", async () => {
  const queue = new ScriptedQueue([new Error("no queue"), [encodeDuty(reap("1")), "nonsense", encodeDuty(reap("2"))]]);
  const failures = await receive(queue, async (duty) => {
    if (encodeDuty(duty) === encodeDuty(reap("1"))) throw new Error("no store");
  });
  expect(failures.map(String)).toEqual([
    "Error: no queue",
    expect.stringContaining("not a duty") as unknown,
    "Error: no store",
  ]);
  expect(queue.deleted).toEqual([encodeDuty(reap("2"))]);
});
