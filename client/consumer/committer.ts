/** Commits what was processed: one call at a time, fenced by the member's epoch. */
import type { CommandSender } from "../command.ts";
import { CommitOffsetsCommand } from "../commands/commit-offsets-command.ts";
import type { CommitOffsetsOutput } from "../commands/commit-offsets-command.ts";
import { isServiceException, StreamkeeperException } from "../exceptions.ts";
import { isTransient } from "../middleware/retry-policy.ts";
import { MembershipLostError, PartitionCommitError, PartitionNotOwnedError } from "./consumer-errors.ts";
import type { ConsumerConfiguration } from "./consumer-options.ts";
import type { Holdings } from "./holdings.ts";
import { isEndOfMembership } from "./membership.ts";
import type { Membership } from "./membership.ts";
import type { OffsetCommit } from "./offset-commit.ts";
import type { OwnedPartition } from "./owned-partition.ts";
import type { Patience } from "./patience.ts";
import type { TopicPartition } from "./topic-partition.ts";
import { untilAborted } from "./until-aborted.ts";

interface Entry {
  readonly partition: OwnedPartition;
  readonly offset: number;
  readonly metadata?: string;
}

/** Times in a row that a commit may come with an epoch that the group has left behind. */
const staleEpochsMax = 10;

export class Committer {
  readonly #client: CommandSender;
  readonly #configuration: ConsumerConfiguration;
  readonly #patience: Patience;
  readonly #holdings: Holdings;
  readonly #membership: Membership;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    client: CommandSender,
    configuration: ConsumerConfiguration,
    patience: Patience,
    holdings: Holdings,
    membership: Membership,
  ) {
    this.#client = client;
    this.#configuration = configuration;
    this.#patience = patience;
    this.#holdings = holdings;
    this.#membership = membership;
  }

  /** Offsets that were processed and are not committed. */
  uncommitted(partitions: Iterable<OwnedPartition> = this.#holdings): readonly OffsetCommit[] {
    return entriesOf(partitions).map(({ partition, offset }) => ({
      topic: partition.topic,
      partition: partition.partition,
      offset,
    }));
  }

  /**
   * Commits what was processed by the moment of sending.
   *
   * @throws MembershipLostError nothing can be committed any more | PartitionCommitError | StreamkeeperException
   */
  commitProcessed(signal: AbortSignal, partitions: Iterable<OwnedPartition> = this.#holdings): Promise<void> {
    return this.#inTurn(() => this.#send(() => entriesOf(partitions), signal));
  }

  /** @throws PartitionNotOwnedError and as `commitProcessed` */
  async commit(offsets: readonly OffsetCommit[], signal: AbortSignal): Promise<void> {
    const entries = offsets.map(({ topic, partition, offset, metadata }) => {
      const owned = this.#holdings.get({ topic, partition });
      if (owned === undefined) throw new PartitionNotOwnedError({ topic, partition });
      return { partition: owned, offset, ...(metadata === undefined ? {} : { metadata }) };
    });
    await this.#inTurn(() => this.#send(() => entries, signal));
    const gone = entries.find(({ partition }) => partition.ownership === "gone");
    if (gone !== undefined) throw new PartitionNotOwnedError(gone.partition);
  }

  #inTurn(call: () => Promise<void>): Promise<void> {
    const mine = this.#last.then(call);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #send(collect: () => readonly Entry[], signal: AbortSignal): Promise<void> {
    let staleEpochs = 0;
    for (let attempts = 1; ; attempts += 1) {
      const entries = collect().filter(({ partition }) => this.#holdings.has(partition));
      if (entries.length === 0) return;
      const member = this.#membership.identity;
      if (member === undefined)
        throw new MembershipLostError("the consumer is not a member of its group at the moment");
      try {
        return await this.#sendOnce(entries, member, signal);
      } catch (error) {
        if (isEndOfMembership(error)) throw this.#lost(member.memberId, error);
        if (signal.aborted || !(error instanceof StreamkeeperException)) throw error;
        if (isServiceException(error, "STALE_MEMBER_EPOCH")) {
          staleEpochs += 1;
          if (staleEpochs > staleEpochsMax) throw error;
          await untilAborted(this.#membership.refresh(), signal);
        } else if (isTransient(error)) {
          await this.#patience.rest(attempts, signal);
        } else throw error;
      }
    }
  }

  async #sendOnce(
    entries: readonly Entry[],
    member: { readonly memberId: string; readonly memberEpoch: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { namespace, group } = this.#configuration;
    const offsets = entries.map(({ partition, offset, metadata }) => ({
      topic: partition.topic,
      partition: partition.partition,
      offset,
      ...(metadata === undefined ? {} : { metadata }),
    }));
    const command = new CommitOffsetsCommand({ namespace, group, ...member, offsets });
    const { results } = await this.#client.send(command, { abortSignal: signal });
    const refused = refusedIn(results);
    const isRefused = ({ topic, partition }: TopicPartition): boolean =>
      refused.some((other) => other.topic === topic && other.partition === partition);
    for (const { partition, offset } of entries) if (!isRefused(partition)) partition.committed(offset);
    if (refused.length > 0) throw new PartitionCommitError(refused);
  }

  #lost(memberId: string, error: unknown): MembershipLostError {
    this.#membership.lose(memberId, error);
    return new MembershipLostError(`not committed: member ${memberId} is no longer in the group`, { cause: error });
  }
}

function entriesOf(partitions: Iterable<OwnedPartition>): readonly Entry[] {
  return [...partitions].flatMap((partition) => {
    const offset = partition.uncommittedOffset;
    return offset === undefined ? [] : [{ partition, offset }];
  });
}

function refusedIn(results: CommitOffsetsOutput["results"]): readonly (TopicPartition & { readonly error: string })[] {
  return results.flatMap((result) =>
    "error" in result && result.error !== undefined
      ? [{ topic: result.topic, partition: result.partition, error: result.error.error }]
      : [],
  );
}
