import { partitionForKey } from "../../shared/record/murmur2.ts";
import type { ReadRecord } from "../../client/index.ts";

/** A row as it was sent; its place in the data set goes along as a header. */
export interface SentRow {
  readonly key: string;
  readonly value: string;
}

export const rowHeader = "row";

/** What was found wrong, at most so many of each kind in words. */
export interface CheckReport {
  readonly rows: number;
  readonly keys: number;
  readonly problems: readonly string[];
  readonly problemsCount: number;
}

const problemsInWordsMax = 5;

/** Compares what is read with what was sent: each row once, unchanged, in order per key, where its key leads. */
export class RowChecker {
  readonly #sent: readonly SentRow[];
  readonly #partitions: number;
  readonly #seen: Uint8Array;
  readonly #lastRows = new Map<string, number>();
  readonly #problems: string[] = [];
  #problemsCount = 0;
  #rows = 0;

  constructor(sent: readonly SentRow[], partitions: number) {
    this.#sent = sent;
    this.#partitions = partitions;
    this.#seen = new Uint8Array(sent.length);
  }

  check(record: ReadRecord): void {
    const { key, value, headers, partition, offset } = record;
    const where = `partition ${partition}, offset ${offset}`;
    this.#rows += 1;
    const header = headers.find((one) => one.key === rowHeader)?.value;
    const row = Number(textOf(header ?? null) ?? Number.NaN);
    const sent = this.#sent[row];
    if (sent === undefined) {
      this.#report(`${where}: no row that was sent (${row})`);
      return;
    }
    if (this.#seen[row] === 1) this.#report(`${where}: row ${row} was there before`);
    this.#seen[row] = 1;
    if (textOf(key) !== sent.key || textOf(value) !== sent.value)
      this.#report(`${where}: row ${row} is not as it was sent`);
    const expected = partitionForKey(Buffer.from(sent.key), this.#partitions);
    if (partition !== expected) this.#report(`${where}: row ${row} belongs to partition ${expected}`);
    const before = this.#lastRows.get(sent.key) ?? -1;
    if (row < before) this.#report(`${where}: row ${row} of ${sent.key} comes after row ${before}`);
    this.#lastRows.set(sent.key, Math.max(row, before));
  }

  /** What all that was read amounts to; a row that was not read is a problem too. */
  finish(): CheckReport {
    for (const [row, seen] of this.#seen.entries()) {
      if (seen === 0) this.#report(`row ${row} is missing`);
    }
    return {
      rows: this.#rows,
      keys: this.#lastRows.size,
      problems: this.#problems,
      problemsCount: this.#problemsCount,
    };
  }

  #report(problem: string): void {
    this.#problemsCount += 1;
    if (this.#problems.length < problemsInWordsMax) this.#problems.push(problem);
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
