/** What a `Consumer` tells of beside the exceptions of the client. */
import { keyOf } from "./topic-partition.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** The group goes on without this member: nothing that it was doing can be committed any more. It joins again by itself. */
export class MembershipLostError extends Error {
  override readonly name = "MembershipLostError";
}

/** The partition is not, or no longer, this consumer's. */
export class PartitionNotOwnedError extends Error {
  override readonly name = "PartitionNotOwnedError";
  readonly topic: string;
  readonly partition: number;

  constructor({ topic, partition }: TopicPartition) {
    super(`partition ${keyOf({ topic, partition })} is not owned by this consumer`);
    this.topic = topic;
    this.partition = partition;
  }
}

/** Nothing is committed, and `from` is `error`. As Kafka's NoOffsetForPartitionException. */
export class NoCommittedOffsetError extends Error {
  override readonly name = "NoCommittedOffsetError";

  constructor(partition: TopicPartition, group: string) {
    super(`the group ${group} has committed no offset of partition ${keyOf(partition)}, and "from" is "error"`);
  }
}

/** The service took the commit, but not of these partitions. */
export class PartitionCommitError extends Error {
  override readonly name = "PartitionCommitError";
  readonly partitions: readonly (TopicPartition & { readonly error: string })[];

  constructor(partitions: readonly (TopicPartition & { readonly error: string })[]) {
    const list = partitions.map((partition) => `${keyOf(partition)} (${partition.error})`);
    super(`not committed: ${list.join(", ")}`);
    this.partitions = partitions;
  }
}

/** The consumer is closed, or was not started. */
export class ConsumerClosedError extends Error {
  override readonly name = "ConsumerClosedError";

  constructor(message = "the consumer is closed") {
    super(message);
  }
}
