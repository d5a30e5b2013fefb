/** What a compacted log must give its readers, computed from all that was ever written to it. */

export interface ModelRecord {
  readonly offset: number;
  readonly key: string;
  /** Null for a tombstone. */
  readonly value: string | null;
  /** Undefined for a record that belongs to none. */
  readonly transaction: number | undefined;
}

/** How a transaction ended; absent while it is open. */
export type Ends = ReadonlyMap<number, boolean>;

/** The records that count: those of no transaction, or of one that was committed. */
export function committed(records: readonly ModelRecord[], ends: Ends): readonly ModelRecord[] {
  return records.filter(({ transaction }) => transaction === undefined || ends.get(transaction) === true);
}

/** The last committed record of each key, by key. */
export function lastOfEach(records: readonly ModelRecord[], ends: Ends): ReadonlyMap<string, ModelRecord> {
  return new Map(committed(records, ends).map((record) => [record.key, record]));
}

/** What is wrong with what was read of a log, in words. */
export function problemsOf(
  read: readonly ModelRecord[],
  written: readonly ModelRecord[],
  ends: Ends,
  options: {
    /** Up to here the log is compacted: there is one record of each key, and nothing of what was aborted. */
    readonly cleanedTo: number;
    /** Tombstones may be gone. */
    readonly mayLackTombstones: boolean;
  },
): string[] {
  const problems: string[] = [];
  const byOffset = new Map(written.map((record) => [record.offset, record]));
  for (const [index, { offset, key, value }] of read.entries()) {
    const original = byOffset.get(offset);
    if (original?.key !== key || original.value !== value) problems.push(`${offset} is not what was written there`);
    if (offset <= (read[index - 1]?.offset ?? -1)) problems.push(`${offset} does not ascend`);
  }
  const offsets = new Set(read.map(({ offset }) => offset));
  const last = lastOfEach(written, ends);
  for (const { offset, key, value } of last.values()) {
    if (!offsets.has(offset) && !(value === null && options.mayLackTombstones))
      problems.push(`the last ${key} is gone`);
  }
  for (const { offset } of written) {
    if (offset >= options.cleanedTo && !offsets.has(offset)) problems.push(`${offset} is gone, and was not compacted`);
  }
  const lastCleaned = lastOfEach(
    written.filter(({ offset }) => offset < options.cleanedTo),
    ends,
  );
  for (const { offset, key } of read) {
    if (offset < options.cleanedTo && lastCleaned.get(key)?.offset !== offset) problems.push(`${offset} is left over`);
  }
  return problems;
}
