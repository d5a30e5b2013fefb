import type { ResetGroupOffsetsAnswer } from "../../shared/api/schemas/groups.ts";
import type { Command, CommandDefaults, Repeat, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

/** Where to: an end of the log, the first record at or after a time (ms since 1970), an offset, or so many records on. */
export type ResetPoint =
  | { readonly to: "earliest" | "latest" }
  | { readonly to: "timestamp"; readonly timestampMs: number }
  | { readonly to: "offset"; readonly offset: number }
  /** From what is committed; negative is back. */
  | { readonly to: "shift"; readonly by: number };

export interface ResetOffsetsInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  readonly point: ResetPoint;
  /** Default: all that the group has offsets of; without partitions all of the topic. */
  readonly topics?:
    | readonly { readonly topic: string; readonly partitions?: readonly number[] | undefined }[]
    | undefined;
  /** Only say what it would do. Default false. */
  readonly dryRun?: boolean | undefined;
}

export type ResetOffsetsOutput = ResetGroupOffsetsAnswer;

/**
 * Moves the offsets of a group without members.
 *
 * @throws StreamkeeperServiceException NON_EMPTY_GROUP | GROUP_ID_NOT_FOUND | UNKNOWN_TOPIC_OR_PARTITION
 */
export class ResetOffsetsCommand implements Command<ResetOffsetsInput, ResetOffsetsOutput> {
  readonly name = "ResetOffsetsCommand";
  readonly repeat: Repeat;
  readonly input: ResetOffsetsInput;

  constructor(input: ResetOffsetsInput) {
    this.input = input;
    // A second shift would move the offsets once more.
    this.repeat = input.point.to === "shift" && input.dryRun !== true ? "once" : "repeatable";
  }

  serialize(input: ResetOffsetsInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group, point, topics, dryRun } = input;
    return { ...routeTo("resetGroupOffsets", { namespace, group }, defaults), json: { ...point, topics, dryRun } };
  }

  deserialize(response: HttpResponse): ResetOffsetsOutput {
    return jsonOf(response) as ResetOffsetsOutput;
  }
}
