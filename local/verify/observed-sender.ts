import type { Command, CommandSender, SendOptions } from "../../client/command.ts";

import type { ResponseMetadata } from "../../client/exceptions.ts";
import type { TreeSessionOptions } from "../../verify/target.ts";
import { targetErrorOf } from "./target-errors.ts";

const heartbeatName = "HeartbeatCommand";

/** Tells of the heartbeats that pass. */
export class ObservedSender implements CommandSender {
  readonly #sender: CommandSender;
  readonly #renewing: NonNullable<TreeSessionOptions["renewing"]>;

  constructor(sender: CommandSender, renewing: NonNullable<TreeSessionOptions["renewing"]>) {
    this.#sender = sender;
    this.#renewing = renewing;
  }

  /** @throws as the client */
  async send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    options?: SendOptions,
  ): Promise<Output & { readonly $metadata: ResponseMetadata }> {
    if (command.name !== heartbeatName) return await this.#sender.send(command, options);
    const renewed = this.#renewing();
    try {
      const answer = await this.#sender.send(command, options);
      renewed("ok");
      return answer;
    } catch (error) {
      renewed(targetErrorOf(error).outcome);
      throw error;
    }
  }
}
