import type { TruncateAnswer } from "../../shared/api/schemas/produce.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface TruncateInput {
  readonly namespace?: string;
  readonly topic: string;
  readonly partition: number;
  /** Records before it are deleted; -1 means all up to the high watermark. */
  readonly beforeOffset: number;
}

export type TruncateOutput = TruncateAnswer;

/** Deletes the records before an offset. @throws StreamkeeperServiceException OFFSET_OUT_OF_RANGE | UNKNOWN_TOPIC_OR_PARTITION */
export class TruncateCommand implements Command<TruncateInput, TruncateOutput> {
  readonly name = "TruncateCommand";
  readonly repeat: "repeatable" | "once";
  readonly input: TruncateInput;

  constructor(input: TruncateInput) {
    this.input = input;
    // Repeated, -1 would delete what was produced meanwhile.
    this.repeat = input.beforeOffset === -1 ? "once" : "repeatable";
  }

  serialize(input: TruncateInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partition, beforeOffset } = input;
    return { ...routeTo("truncate", { namespace, topic, partition }, defaults), json: { beforeOffset } };
  }

  deserialize(response: HttpResponse): TruncateOutput {
    return jsonOf(response) as TruncateOutput;
  }
}
