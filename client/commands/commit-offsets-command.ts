import type { OffsetCommit } from "../consumer/offset-commit.ts";
import type { CommitOffsetsAnswer } from "../../shared/api/schemas/groups.ts";
import type { Command, CommandDefaults, RequestParts } from "../command.ts";
import type { HttpResponse } from "../http-message.ts";
import { routeTo } from "../serialize.ts";
import { jsonOf } from "../service-answer.ts";

export interface CommitOffsetsInput {
  readonly namespace?: string | undefined;
  readonly group: string;
  /** Who commits. Without member and epoch only a group without members takes offsets. */
  readonly memberId?: string | undefined;
  readonly memberEpoch?: number | undefined;
  readonly offsets: readonly OffsetCommit[];
}

export type CommitOffsetsOutput = CommitOffsetsAnswer;

/**
 * Commits offsets of a group. One partition's failure hides no other's success: look at the results.
 *
 * @throws StreamkeeperServiceException UNKNOWN_MEMBER_ID | STALE_MEMBER_EPOCH | FENCED_MEMBER_EPOCH |
 *   OFFSET_METADATA_TOO_LARGE | INVALID_COMMIT_OFFSET_SIZE
 */
export class CommitOffsetsCommand implements Command<CommitOffsetsInput, CommitOffsetsOutput> {
  readonly name = "CommitOffsetsCommand";
  readonly repeat = "repeatable";
  readonly input: CommitOffsetsInput;

  constructor(input: CommitOffsetsInput) {
    this.input = input;
  }

  serialize(input: CommitOffsetsInput, defaults: CommandDefaults): RequestParts {
    const { namespace, group, ...commit } = input;
    return { ...routeTo("commitOffsets", { namespace, group }, defaults), json: commit };
  }

  deserialize(response: HttpResponse): CommitOffsetsOutput {
    return jsonOf(response) as CommitOffsetsOutput;
  }
}
