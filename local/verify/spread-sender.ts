import type { Command, CommandSender, SendOptions } from "../../client/command.ts";
import type { ResponseMetadata } from "../../client/exceptions.ts";

/** Sends each command through one of several clients: a repeat may come to another server than what it repeats. */
export class SpreadSender implements CommandSender {
  readonly #senders: readonly CommandSender[];
  #sent = 0;

  constructor(senders: readonly CommandSender[]) {
    this.#senders = senders;
  }

  /** @throws as the clients */
  async send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    options?: SendOptions,
  ): Promise<Output & { readonly $metadata: ResponseMetadata }> {
    this.#sent += 1;
    const sender = this.#senders[this.#sent % this.#senders.length];
    if (sender === undefined) throw new RangeError("there is no client to send through");
    return await sender.send(command, options);
  }
}
