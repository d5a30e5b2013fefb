/** Chooses the batches of some entries that a fetch returns: pure. */
import type { LogEntry } from "../storage/log-store.ts";
import { decodeEntryMeta, type EntryBatch } from "./entry-meta.ts";

export interface BatchLimits {
  readonly bytesMax: number;
  readonly recordsMax: number;
  /** Only batches that end at or before it. */
  readonly endOffset?: number;
}

export interface SelectedBatch extends EntryBatch {
  readonly baseOffset: number;
}

/** Neighbouring batches of one entry: one read of its payload. */
export interface Selection {
  readonly entry: LogEntry;
  readonly batches: readonly SelectedBatch[];
}

export interface Selected {
  readonly selections: readonly Selection[];
  /** One past the last offset that is returned; the fetched offset if nothing is. */
  readonly nextOffset: number;
  readonly bytes: number;
}

/**
 * The batches from the one that holds `offset` on, as far as the limits go, but at least one if there is one before
 * `endOffset`.
 *
 * @throws StorageCorruptError if an entry's meta does not decode
 */
export function selectBatches(entries: readonly LogEntry[], offset: number, limits: BatchLimits): Selected {
  const selections: Selection[] = [];
  let nextOffset = offset;
  let bytes = 0;
  let records = 0;
  let full = false;
  const { endOffset = Infinity } = limits;
  for (const entry of entries) {
    const batches: SelectedBatch[] = [];
    let baseOffset = entry.position;
    for (const batch of decodeEntryMeta(entry).batches) {
      const end = baseOffset + batch.recordCount;
      if (end > offset) {
        full =
          end > endOffset || (bytes > 0 && (bytes + batch.length > limits.bytesMax || records >= limits.recordsMax));
        if (full) break;
        batches.push({ ...batch, baseOffset });
        bytes += batch.length;
        records += end - Math.max(baseOffset, offset);
        nextOffset = end;
      }
      baseOffset = end;
    }
    if (batches.length > 0) selections.push({ entry, batches });
    if (full) break;
  }
  return { selections, nextOffset, bytes };
}
