/** What a request about a group may hold, as Kafka's errors. The gateway has no schemas, so it is checked here. */
import { ServiceError } from "../api/errors.ts";
import { offsetMetadataCharsMax } from "../limits/groups.ts";
import { memberIdCharsMax, requestOffsetsMax } from "../limits/group-requests.ts";
import type { CommitOffsets, GroupName, OffsetToCommit } from "./groups.ts";
import { checkTopicName } from "./topic-checks.ts";

/** @throws ServiceError INVALID_REQUEST */
export function checkMemberId(memberId: string): void {
  checkText(memberId, memberIdCharsMax, "memberId");
}

/** @throws ServiceError INVALID_REQUEST | OFFSET_METADATA_TOO_LARGE */
export function checkCommit({ memberId, memberEpoch, offsets }: Omit<CommitOffsets, keyof GroupName>): void {
  if ((memberId === undefined) !== (memberEpoch === undefined)) {
    throw invalid("memberId and memberEpoch are given both, or neither");
  }
  if (memberId !== undefined) checkMemberId(memberId);
  if (memberEpoch !== undefined) checkEpoch(memberEpoch);
  if (offsets.length > requestOffsetsMax) throw invalid(`A commit holds at most ${requestOffsetsMax} offsets`);
  for (const offset of offsets) checkOffset(offset);
}

function checkOffset({ topic, partition, offset, metadata = "" }: OffsetToCommit): void {
  checkTopicName(topic);
  if (!isWhole(partition, 0, Number.MAX_SAFE_INTEGER)) throw invalid("partition is a whole number from 0");
  if (!isWhole(offset, 0, Number.MAX_SAFE_INTEGER)) throw invalid("offset is a whole number from 0");
  if (metadata.length > offsetMetadataCharsMax) {
    throw new ServiceError("OFFSET_METADATA_TOO_LARGE", `metadata has at most ${offsetMetadataCharsMax} characters`, {
      details: { topic, partition },
    });
  }
  if (!metadata.isWellFormed()) throw invalid("metadata is not well-formed Unicode");
}

export function checkEpoch(memberEpoch: number): void {
  if (!isWhole(memberEpoch, 0, Number.MAX_SAFE_INTEGER)) throw invalid("memberEpoch is a whole number from 0");
}

export function checkText(text: string, charsMax: number, what: string): void {
  if (!isText(text, charsMax)) throw invalid(`${what} has 1 to ${charsMax} characters, none of control`);
}

function isText(text: string, charsMax: number): boolean {
  return text.length >= 1 && text.length <= charsMax && text.isWellFormed() && !/\p{Cc}/u.test(text);
}

export function isWhole(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

export function invalid(message: string): ServiceError {
  return new ServiceError("INVALID_REQUEST", message);
}
