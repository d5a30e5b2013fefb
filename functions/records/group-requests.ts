/** What requests about groups and transactions have in common. */
import type * as z from "zod";
import type { ownedPartitions } from "../../shared/api/schemas/groups.ts";
import type { TopicPartitions } from "../../shared/services/groups.ts";
import { invalidRequest } from "../http/invalid-request.ts";

interface Committer {
  readonly memberId?: string | undefined;
  readonly memberEpoch?: number | undefined;
}

/** @throws ServiceError INVALID_REQUEST for a member without its epoch, or an epoch without a member */
export function checkCommitter({ memberId, memberEpoch }: Committer, place = ""): void {
  if ((memberId === undefined) === (memberEpoch === undefined)) return;
  const missing = memberId === undefined ? "memberId" : "memberEpoch";
  throw invalidRequest("body", place + missing, "memberId and memberEpoch come together");
}

export function topicPartitionsAnswer({ topic, partitions }: TopicPartitions): z.output<typeof ownedPartitions> {
  return { topic, partitions: [...partitions] };
}
