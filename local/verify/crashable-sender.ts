import type { Command, CommandSender, SendOptions } from "../../client/command.ts";
import type { ResponseMetadata } from "../../client/exceptions.ts";
import { NoAnswerException } from "../../client/exceptions.ts";

/** Sends through a client that others use as well, until it crashes: from then on nothing is sent, and no answer is heard. */
export class CrashableSender implements CommandSender {
  readonly #sender: CommandSender;
  readonly #crashed = new AbortController();

  constructor(sender: CommandSender) {
    this.#sender = sender;
  }

  get signal(): AbortSignal {
    return this.#crashed.signal;
  }

  crash(): void {
    this.#crashed.abort(new Error("the client crashed"));
  }

  /** @throws as the client */
  async send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    options: SendOptions = {},
  ): Promise<Output & { readonly $metadata: ResponseMetadata }> {
    const { signal } = this.#crashed;
    if (signal.aborted) throw new NoAnswerException("aborted", "the client has crashed", false);
    const given = options.abortSignal;
    const abortSignal = given === undefined ? signal : AbortSignal.any([given, signal]);
    return await this.#sender.send(command, { ...options, abortSignal });
  }
}
