import type { CommandSender } from "../../client/command.ts";
import { FetchBatchesCommand } from "../../client/commands/fetch-batches-command.ts";
import { decodeBatches } from "../../client/reader/decode-batches.ts";
import type { CommittedOffset, Isolation, LogReader, PolledRecords, TopicPartition } from "../../verify/target.ts";
import { CrashableSender } from "./crashable-sender.ts";
import { valueOf } from "./record-value.ts";
import { targetErrorOf } from "./target-errors.ts";

/** Reads the partitions that it is told to, all of them at once. */
export class HttpLogReader implements LogReader {
  readonly #sender: CrashableSender;
  readonly #isolation: Isolation;
  #positions = new Map<string, { readonly place: TopicPartition; offset: number }>();

  constructor(client: CommandSender, isolation: Isolation) {
    this.#sender = new CrashableSender(client);
    this.#isolation = isolation;
  }

  assign(positions: readonly CommittedOffset[]): void {
    this.#positions = new Map(positions.map(({ offset, ...place }) => [nameOf(place), { place, offset }]));
  }

  position(place: TopicPartition): number | undefined {
    return this.#positions.get(nameOf(place))?.offset;
  }

  /** What some partitions answer is not lost because others do not; @throws TargetError if none does */
  async poll(waitMs: number): Promise<readonly PolledRecords[]> {
    const positions = [...this.#positions.values()];
    const outcomes = await Promise.allSettled(positions.map((position) => this.#fetch(position, waitMs)));
    const errors = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [targetErrorOf(outcome.reason)] : [],
    );
    const corrupt = errors.find(({ code }) => code === "CORRUPT");
    if (corrupt !== undefined) throw corrupt;
    const [first] = errors;
    if (first !== undefined && errors.length === outcomes.length) throw first;
    return outcomes
      .flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []))
      .filter(({ offsets }) => offsets.length > 0);
  }

  crash(): void {
    this.#sender.crash();
  }

  close(): Promise<void> {
    this.#positions.clear();
    return Promise.resolve();
  }

  async #fetch(position: { readonly place: TopicPartition; offset: number }, waitMs: number): Promise<PolledRecords> {
    const { place, offset } = position;
    const input = { ...place, offset, waitMs, isolation: this.#isolation };
    const { batches, nextOffset } = await this.#sender.send(new FetchBatchesCommand(input));
    const records = decodeBatches(batches, place.partition, offset);
    const values = records.map(({ value }) => valueOf(value));
    position.offset = nextOffset;
    return { ...place, offsets: records.map((record) => record.offset), values };
  }
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}
