/** The wake-up port on SQS: one queue for long work, one for what is due at a time. Delivered at least once, so a duty may be asked for twice: it must not mind. */
import { SendMessageCommand, type SQSClient } from "./sqs-sdk.ts";
import { sqsDelaySecondsMax } from "../../limits.ts";
import { type Duty, isTimed, type WakeUps } from "../environment.ts";
import type { AwsRequests } from "./aws-requests.ts";
import { encodeDuty } from "./duty-message.ts";

export class SqsWakeUps implements WakeUps {
  readonly #client: SQSClient;
  readonly #dutyQueueUrl: string;
  readonly #expiryQueueUrl: string;
  readonly #requests: AwsRequests;

  constructor(options: {
    readonly client: SQSClient;
    readonly dutyQueueUrl: string;
    readonly expiryQueueUrl: string;
    readonly requests: AwsRequests;
  }) {
    this.#client = options.client;
    this.#dutyQueueUrl = options.dutyQueueUrl;
    this.#expiryQueueUrl = options.expiryQueueUrl;
    this.#requests = options.requests;
  }

  /** A delay above SQS's 15 minutes is cut to them: the duty looks for itself whether it is due. */
  async wake(duty: Duty, delayMs: number): Promise<void> {
    const command = new SendMessageCommand({
      QueueUrl: isTimed(duty) ? this.#expiryQueueUrl : this.#dutyQueueUrl,
      MessageBody: encodeDuty(duty),
      DelaySeconds: Math.min(sqsDelaySecondsMax, Math.max(0, Math.ceil(delayMs / 1_000))),
    });
    await this.#requests.send("SendMessage", "always", async () => await this.#client.send(command));
  }
}
