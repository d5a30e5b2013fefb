/**
 * Takes duties from a queue and does them, as the functions do on AWS: what a process was asked to do in time is not lost with
 * it where others take from the same queue.
 */
import { DeleteMessageCommand, type Message, ReceiveMessageCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { queueHiddenSeconds, queueMessagesMax, queueRetryMs, queueWaitSeconds } from "../../limits/queue.ts";
import type { Duty, Timers } from "../environment.ts";
import { decodeDuty } from "./duty-message.ts";

export interface SqsReceiverOptions {
  /** The receiver's own: it is destroyed with it. */
  readonly client: Pick<SQSClient, "send" | "destroy">;
  readonly queueUrl: string;
  readonly timers: Timers;
  /** Does a duty. What it throws is told, and the duty comes again; a duty may come twice in any case. */
  readonly handle: (duty: Duty) => Promise<void>;
  readonly onFailure: (cause: unknown) => void;
}

/** Made once: nobody reads it. */
const stopped = new Error("no more duties are taken");

export class SqsReceiver {
  readonly #options: SqsReceiverOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: SqsReceiverOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when what was taken is done. */
  async stop(): Promise<void> {
    this.#stop.abort(stopped);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { client, queueUrl } = this.#options;
    const abortSignal = this.#stop.signal;
    while (!abortSignal.aborted) {
      try {
        const command = new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: queueMessagesMax,
          WaitTimeSeconds: queueWaitSeconds,
          VisibilityTimeout: queueHiddenSeconds,
        });
        const { Messages: messages = [] } = await client.send(command, { abortSignal });
        await Promise.all(messages.map((message) => this.#take(message)));
      } catch (cause) {
        if (!abortSignal.aborted) await this.#pause(cause);
      }
    }
    client.destroy();
  }

  async #take({ Body: body = "", ReceiptHandle }: Message): Promise<void> {
    const { client, queueUrl, handle } = this.#options;
    try {
      await handle(decodeDuty(body));
      await client.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle }));
    } catch (cause) {
      // It comes again, or is put aside by the queue when it came too often.
      this.#options.onFailure(cause);
    }
  }

  async #pause(cause: unknown): Promise<void> {
    this.#options.onFailure(cause);
    try {
      await this.#options.timers.sleep(queueRetryMs, this.#stop.signal);
    } catch (error) {
      if (!this.#stop.signal.aborted) throw error;
    }
  }
}
