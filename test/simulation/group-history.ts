/** What a group and its consumers did, in the order in which the store saw it, and whether that may be. */
import { decodeGroup } from "../../shared/groups/encode-group.ts";
import { offsetsOf } from "../../shared/groups/group-item.ts";
import { emptyGroup, type GroupState, holders, namesOf } from "../../shared/groups/group-state.ts";
import type { Item, ItemChange } from "../../shared/storage/item-store.ts";
import type { SimulatedStore } from "../../shared/storage/memory/simulated-store.ts";

export class GroupHistory {
  readonly anomalies: string[] = [];
  /** Changes of the group's state. */
  rebalances = 0;
  /** Commits that a fenced consumer was refused. */
  refused = 0;
  /** Records read, each as often as it was. */
  processed = 0;
  readonly #records = new Map<number, Set<number>>();
  readonly #committed = new Map<string, number>();
  /** Who was told to own a partition at an epoch. */
  readonly #owners = new Map<string, string>();
  /** By partition, who reads it as far as it knows, and until when nobody else may be given it. */
  readonly #readers = new Map<number, Map<string, number>>();
  readonly #evicted = new Set<string>();
  readonly #store: SimulatedStore;
  readonly #aloneMs: number;
  #state: GroupState = emptyGroup;
  #epoch = 0;

  /** @param aloneMs after its last answered heartbeat, in which nobody else is given what a consumer reads, if it was told of no less */
  constructor(store: SimulatedStore, aloneMs: number) {
    this.#store = store;
    this.#aloneMs = aloneMs;
  }

  get nowMs(): number {
    return this.#store.time.nowMs;
  }

  /** Sees each update of the group's item at the moment when the store applies it. */
  watch(sort: string): void {
    const { items } = this.#store;
    const update = items.update.bind(items);
    items.update = (key, change, conditions) => {
      const result = update(key, change, conditions);
      if (result.applied && key.sort === sort) this.#saw(result.item, change);
      return result;
    };
  }

  #saw({ attributes }: Item, { set = {} }: ItemChange): void {
    const text = set["state"];
    if (typeof text === "string") this.#changed(text);
    const committer = Object.keys(set)
      .find((name) => name.startsWith("c:"))
      ?.slice(2);
    if (committer === undefined) return;
    const names = namesOf(this.#state);
    const held = holders(this.#state);
    for (const { topicId, partition, offset } of offsetsOf(attributes)) {
      const key = `${topicId}/${partition}`;
      if (!(`o:${key}` in set)) continue;
      const owner = held.get(`${names.get(topicId)}/${partition}`);
      if (owner !== committer)
        this.anomalies.push(`${committer} committed partition ${partition} of ${owner ?? "nobody"}`);
      const before = this.#committed.get(key) ?? 0;
      if (offset < before) this.anomalies.push(`partition ${partition} went back from ${before} to ${offset}`);
      this.#committed.set(key, offset);
    }
  }

  #changed(text: string): void {
    this.rebalances += 1;
    this.#state = decodeGroup(text);
    holders(this.#state);
    if (this.#state.epoch < this.#epoch) this.anomalies.push(`the group's epoch went back to ${this.#state.epoch}`);
    this.#epoch = this.#state.epoch;
  }

  /**
   * A consumer was told what it owns, as the answer to what it sent then.
   *
   * @param holdsMs how long the answer holds, as it says
   */
  told(memberId: string, epoch: number, partitions: readonly number[], sentAtMs: number, holdsMs: number): void {
    this.gone(memberId);
    for (const partition of partitions) {
      const readers = this.#readers.get(partition) ?? new Map<string, number>();
      this.#readers.set(partition, readers);
      for (const [other, untilMs] of readers) {
        if (this.nowMs >= untilMs) continue;
        this.anomalies.push(`${memberId} was given partition ${partition}, which ${other} has not given up`);
      }
      if (!this.#evicted.has(memberId)) readers.set(memberId, sentAtMs + Math.min(this.#aloneMs, holdsMs));
    }
    for (const partition of partitions) {
      const at = `${partition}@${epoch}`;
      const other = this.#owners.get(at);
      if (other !== undefined && other !== memberId) {
        this.anomalies.push(`${other} and ${memberId} own partition ${partition} at epoch ${epoch}`);
      }
      this.#owners.set(at, memberId);
    }
  }

  /** Somebody else makes a consumer leave, which hears of it by and by. */
  evicted(memberId: string): void {
    this.#evicted.add(memberId);
    this.gone(memberId);
  }

  /** A consumer reads no more. */
  gone(memberId: string): void {
    for (const readers of this.#readers.values()) readers.delete(memberId);
  }

  /** A consumer handled the records from one offset to before another. */
  handled(partition: number, from: number, end: number): void {
    const records = this.#records.get(partition) ?? new Set();
    this.#records.set(partition, records);
    for (let offset = from; offset < end; offset += 1) records.add(offset);
    this.processed += end - from;
  }

  judge(ends: readonly number[]): void {
    for (const [partition, end] of ends.entries()) {
      const seen = this.#records.get(partition)?.size ?? 0;
      if (seen !== end)
        this.anomalies.push(`${end - seen} of ${end} records of partition ${partition} were never handled`);
    }
  }
}
