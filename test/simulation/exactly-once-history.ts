/** What readers of committed records saw of transactions, and whether each is whole or not there. */

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface SeenRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
}

/** A transaction: a value in each place, under one key, and an offset of its own. */
export interface Sent {
  readonly value: string;
  readonly key: string;
  outcome: "committed" | "aborted" | "unknown";
  /** In the compacted topic, where that was answered. */
  stateOffset?: number;
}

const compacted = "state";

export class ExactlyOnceHistory {
  readonly anomalies: string[] = [];
  readonly sent: Sent[] = [];
  readonly #seen = new Map<string, { readonly records: SeenRecord[]; end: number }>();
  readonly #last = new Map<string, readonly SeenRecord[]>();

  /** A reader went on from one offset to another. */
  saw(place: Place, from: number, to: number, records: readonly SeenRecord[]): void {
    const name = nameOf(place);
    const seen = this.#seen.get(name) ?? { records: [], end: 0 };
    this.#seen.set(name, seen);
    seen.records.push(...records);
    seen.end = to;
    for (const { offset } of records) {
      if (offset < from || offset >= to) this.anomalies.push(`${name}: read ${offset} between ${from} and ${to}`);
    }
  }

  /** All that a reader sees in the end. */
  last(place: Place, records: readonly SeenRecord[]): void {
    this.#last.set(nameOf(place), records);
  }

  /** @param marked values whose offsets are committed */
  judge(marked: ReadonlySet<string>): void {
    for (const name of this.#last.keys()) this.#judgeReader(name);
    const whole = this.sent.filter((sent) => this.#isThere(sent, marked));
    this.#judgeCompacted(whole);
  }

  /** What was seen once stays, and nothing comes to be before it. */
  #judgeReader(name: string): void {
    const { records, end } = this.#seen.get(name) ?? { records: [], end: 0 };
    const last = (this.#last.get(name) ?? []).filter(({ offset }) => offset < end);
    const [seenAt, lastAt] = [new Map(records.map(both)), new Map(last.map(both))];
    for (const { offset, value } of records) {
      const isGone = lastAt.get(offset) !== value && !(name.startsWith(compacted) && !lastAt.has(offset));
      if (isGone) this.anomalies.push(`${name}: a reader saw ${value} at ${offset}, now ${lastAt.get(offset)}`);
      const sent = this.sent.find((one) => one.value === value);
      if (sent?.outcome === "aborted") this.anomalies.push(`${name}: a reader saw ${value}, which was aborted`);
    }
    for (const { offset, value } of last) {
      if (seenAt.get(offset) !== value) this.anomalies.push(`${name}: a reader passed ${value} at ${offset} unseen`);
    }
  }

  /** True if it is committed. */
  #isThere({ value, outcome }: Sent, marked: ReadonlySet<string>): boolean {
    const places = [...this.#last].filter(([name]) => !name.startsWith(compacted));
    const times = places.map(([, records]) => records.filter((record) => record.value === value).length);
    times.push(marked.has(value) ? 1 : 0);
    const [first = 0] = times;
    if (times.some((count) => count !== first) || first > 1) {
      this.anomalies.push(`torn: ${value} is there ${times.join(", ")} times`);
    }
    if (outcome === "committed" && first === 0) this.anomalies.push(`${value} was committed, and is not there`);
    if (outcome === "aborted" && first > 0) this.anomalies.push(`${value} was not committed, and is there`);
    return first > 0;
  }

  /** Of each key the last committed value is there, and nothing that was not committed. */
  #judgeCompacted(committed: readonly Sent[]): void {
    const [records = []] = [...this.#last].flatMap(([name, all]) => (name.startsWith(compacted) ? [all] : []));
    const found = new Map(records.map(({ key, value }) => [key, value]));
    const values = new Set(committed.map(({ value }) => value));
    for (const { value } of records) {
      if (!values.has(value)) this.anomalies.push(`${compacted} holds ${value}, which was not committed`);
    }
    const inOrder = committed.toSorted((one, other) => (one.stateOffset ?? 0) - (other.stateOffset ?? 0));
    for (const [key, { value, stateOffset }] of new Map(inOrder.map((sent) => [sent.key, sent]))) {
      if (found.get(key) === value) continue;
      this.anomalies.push(`the last ${key} is ${value} at ${stateOffset}, and ${found.get(key)} is found`);
    }
  }
}

export function nameOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}

function both({ offset, value }: SeenRecord): readonly [number, string] {
  return [offset, value];
}
