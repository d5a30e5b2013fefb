import type { ListOffsetAnswer } from "../../shared/api/schemas/fetch.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface GetOffsetInput {
  readonly namespace?: string;
  readonly topic: string;
  readonly partition: number;
  /** A number is a timestamp, ms since the epoch: the first record at or after it. */
  readonly at: "earliest" | "latest" | number;
  /** With `read_committed` the latest is the last stable offset: before it nothing is undecided. Default `read_uncommitted`. */
  readonly isolation?: "read_uncommitted" | "read_committed";
}

/** Offset -1: no record is at or after the timestamp. */
export type GetOffsetOutput = ListOffsetAnswer;

/** Finds the log start, the high watermark or the offset of a timestamp. @throws StreamkeeperServiceException UNKNOWN_TOPIC_OR_PARTITION */
export class GetOffsetCommand implements Command<GetOffsetInput, GetOffsetOutput> {
  readonly name = "GetOffsetCommand";
  readonly repeat = "read";
  readonly input: GetOffsetInput;

  constructor(input: GetOffsetInput) {
    this.input = input;
  }

  serialize(input: GetOffsetInput, defaults: CommandDefaults): RequestParts {
    const { namespace, topic, partition, at, isolation } = input;
    return { ...routeTo("listOffset", { namespace, topic, partition }, defaults), query: { at, isolation } };
  }

  deserialize(response: HttpResponse): GetOffsetOutput {
    return jsonOf(response) as GetOffsetOutput;
  }
}
