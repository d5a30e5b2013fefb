import type { CommittedOffset, Isolation, LogReader, PolledRecords, TopicPartition } from "../../../verify/target.ts";
import type { Cluster } from "./cluster.ts";
import { namespace, valueOf } from "./records.ts";
import { clientLost } from "./target-errors.ts";

const bounds = { maxBytes: 200_000, maxRecords: 1_000, minBytes: 0, waitMs: 0 };

/** Reads one partition after the other, each from where it was left. */
export class ClusterReader implements LogReader {
  readonly #cluster: Cluster;
  readonly #isolation: Isolation;
  #positions: { readonly place: TopicPartition; offset: number }[] = [];
  #turn = 0;
  #isLost = false;

  constructor(cluster: Cluster, isolation: Isolation) {
    this.#cluster = cluster;
    this.#isolation = isolation;
  }

  assign(positions: readonly CommittedOffset[]): void {
    this.#positions = positions.map(({ topic, partition, offset }) => ({ place: { topic, partition }, offset }));
  }

  async poll(waitMs: number): Promise<readonly PolledRecords[]> {
    const positions = this.#positions;
    for (const _ of positions) {
      if (this.#isLost) throw clientLost();
      this.#turn += 1;
      const position = positions[this.#turn % positions.length];
      if (position === undefined) break;
      const { place, offset } = position;
      const request = { namespace, ...place, offset, isolation: this.#isolation, ...bounds };
      const { records, nextOffset } = await this.#cluster.call(({ fetch }) => fetch.fetchRecords(request));
      // What it was assigned meanwhile, or somewhere else by then, is not moved by an old answer.
      if (this.#positions !== positions || position.offset !== offset) return [];
      const values = records.map(({ value }) => valueOf(value));
      position.offset = nextOffset;
      if (values.length > 0) return [{ ...place, offsets: records.map((record) => record.offset), values }];
    }
    if (waitMs > 0) await this.#cluster.timers.sleep(waitMs);
    return [];
  }

  position({ topic, partition }: TopicPartition): number | undefined {
    return this.#positions.find(({ place }) => place.topic === topic && place.partition === partition)?.offset;
  }

  crash(): void {
    this.#isLost = true;
  }

  close(): Promise<void> {
    this.crash();
    return Promise.resolve();
  }
}
