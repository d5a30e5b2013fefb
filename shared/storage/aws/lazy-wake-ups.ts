import type { SQSClient } from "@aws-sdk/client-sqs";
import type { Duty, WakeUps } from "../environment.ts";
import type { AwsRequests } from "./aws-requests.ts";

interface Opened {
  readonly wakeUps: WakeUps;
  readonly client: SQSClient;
}

/** The wake-up port on SQS, which loads the SQS client at its first request. */
export class LazyWakeUps implements WakeUps {
  readonly #open: () => Promise<Opened>;
  #opened: Promise<Opened> | undefined;

  constructor(options: {
    readonly client: () => Promise<SQSClient>;
    readonly dutyQueueUrl: string;
    readonly expiryQueueUrl: string;
    readonly requests: AwsRequests;
  }) {
    this.#open = async () => {
      const [{ SqsWakeUps }, client] = await Promise.all([import("./sqs-wake-ups.ts"), options.client()]);
      return { wakeUps: new SqsWakeUps({ ...options, client }), client };
    };
  }

  async wake(duty: Duty, delayMs: number): Promise<void> {
    this.#opened ??= this.#open();
    await (await this.#opened).wakeUps.wake(duty, delayMs);
  }

  async close(): Promise<void> {
    (await this.#opened)?.client.destroy();
  }
}
