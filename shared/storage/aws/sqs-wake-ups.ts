/** The wake-up port on one SQS queue. Delivered at least once, so a duty may be asked for twice: it must not mind. */
import { SendMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { sqsDelaySecondsMax } from "../../limits.ts";
import type { Duty, WakeUps } from "../environment.ts";
import type { AwsRequests } from "./aws-requests.ts";
import { encodeDuty } from "./duty-message.ts";

export class SqsWakeUps implements WakeUps {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #requests: AwsRequests;

  constructor(options: { readonly client: SQSClient; readonly queueUrl: string; readonly requests: AwsRequests }) {
    this.#client = options.client;
    this.#queueUrl = options.queueUrl;
    this.#requests = options.requests;
  }

  /** A delay above SQS's 15 minutes is cut to them: the duty looks for itself whether it is due. */
  async wake(duty: Duty, delayMs: number): Promise<void> {
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrl,
      MessageBody: encodeDuty(duty),
      DelaySeconds: Math.min(sqsDelaySecondsMax, Math.max(0, Math.ceil(delayMs / 1_000))),
    });
    await this.#requests.send("SendMessage", "always", async () => await this.#client.send(command));
  }
}
