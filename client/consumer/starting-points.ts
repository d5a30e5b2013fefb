/** Finds where to begin in partitions that have come: at the group's offset, or where `from` says. */
import type { CommandSender } from "../command.ts";
import { GetGroupOffsetsCommand } from "../commands/get-group-offsets-command.ts";
import { GetOffsetCommand } from "../commands/get-offset-command.ts";
import { isServiceException } from "../exceptions.ts";
import { NoCommittedOffsetError } from "./consumer-errors.ts";
import type { ConsumerConfiguration } from "./consumer-options.ts";
import type { OwnedPartition } from "./owned-partition.ts";
import type { Patience } from "./patience.ts";
import { keyOf } from "./topic-partition.ts";

/** Names beyond this would not fit in a request line: then all topics are asked for. */
const topicsCharsMax = 4_000;

/** What the group has committed, by the partition's key. */
type Committed = ReadonlyMap<string, number>;

export class StartingPoints {
  readonly #client: CommandSender;
  readonly #configuration: ConsumerConfiguration;
  readonly #patience: Patience;

  constructor(client: CommandSender, configuration: ConsumerConfiguration, patience: Patience) {
    this.#client = client;
    this.#configuration = configuration;
    this.#patience = patience;
  }

  /**
   * Starts all of them, in one call where their offsets are committed; those that are given up meanwhile are left out.
   *
   * @throws NoCommittedOffsetError | StreamkeeperException
   */
  async start(partitions: readonly OwnedPartition[], signal: AbortSignal): Promise<void> {
    const waiting = (): readonly OwnedPartition[] =>
      partitions.filter(({ ownership, fetchOffset }) => ownership === "owned" && fetchOffset === undefined);
    const asked = waiting();
    if (asked.length === 0) return;
    const committed = await this.#committed(asked, signal);
    await Promise.all(waiting().map((partition) => this.#startOne(partition, committed)));
  }

  async #committed(partitions: readonly OwnedPartition[], signal: AbortSignal): Promise<Committed> {
    const { namespace, group } = this.#configuration;
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const named = topics.join(",").length > topicsCharsMax ? undefined : topics;
    const command = new GetGroupOffsetsCommand({ namespace, group, topics: named, stable: true });
    try {
      const { offsets } = await this.#patience.call(
        () => this.#client.send(command, { abortSignal: signal }),
        signal,
        // A transaction has committed offsets with its records, and nobody knows yet whether they count (KIP-447).
        (failure) => isServiceException(failure, "UNSTABLE_OFFSET_COMMIT"),
      );
      return new Map(offsets.filter(({ offset }) => offset >= 0).map((entry) => [keyOf(entry), entry.offset]));
    } catch (error) {
      if (isServiceException(error, "GROUP_ID_NOT_FOUND")) return new Map();
      throw error;
    }
  }

  async #startOne(partition: OwnedPartition, committed: Committed): Promise<void> {
    const offset = committed.get(partition.key);
    if (offset !== undefined) return partition.start(offset, true);
    const { from, group, namespace, isolation } = this.#configuration;
    if (from === "error") throw new NoCommittedOffsetError(partition, group);
    const place = { topic: partition.topic, partition: partition.partition, at: from, isolation };
    const command = new GetOffsetCommand(namespace === undefined ? place : { ...place, namespace });
    const signal = partition.goneSignal;
    try {
      const found = await this.#patience.call(
        () => this.#client.send(command, { abortSignal: signal }),
        signal,
        (failure) => isServiceException(failure, "UNKNOWN_TOPIC_OR_PARTITION"),
      );
      partition.start(found.offset, false);
    } catch (error) {
      // Given up meanwhile: whoever has it now looks for himself.
      if (!signal.aborted) throw error;
    }
  }
}
