/** Logs of any length in memory, with the very entries that a partition's writer makes, but without its requests. */
import { compress } from "../../shared/compression/compression.ts";
import { checkpointEntriesMax, producerTableMetaBytesMax } from "../../shared/limits.ts";
import { partitionLogId } from "../../shared/log/log-id.ts";
import { encodeEntryMeta } from "../../shared/partition/entry-meta.ts";
import { applyEntry, emptyPartitionState, type PartitionState } from "../../shared/partition/partition-state.ts";
import { type AppendRequest, planAppend } from "../../shared/partition/plan-append.ts";
import type { PartitionName } from "../../shared/partition/recover-partition.ts";
import { encodeWriters } from "../../shared/partition/writers-codec.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import { hotBlobKey } from "../../shared/storage/item-keys.ts";
import type { MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";

/** A batch of one record, of about `valueBytes`. */
export function batchOf(valueBytes: number): AppendRequest {
  const records = [{ key: null, value: new Uint8Array(valueBytes), timestamp: 1 }];
  const bytes = encodeBatch({ records }, compress);
  return { bytes, batches: [{ start: 0, length: bytes.length, recordCount: 1, maxTimestamp: 1 }] };
}

const smallBatch = batchOf(10);

export class LongLog {
  readonly name: PartitionName;
  readonly #memory: MemoryStorage;
  readonly #state: PartitionState = emptyPartitionState();

  constructor(memory: MemoryStorage, name: PartitionName) {
    this.#memory = memory;
    this.name = name;
  }

  /** Where the next entry goes. */
  get end(): number {
    return this.#state.position;
  }

  /** Adds entries of one record each, from idempotent producers in turn where there are any. */
  grow(entries: number, producers = 0): void {
    for (let entry = 0; entry < entries; entry += 1) {
      this.#append(producers === 0 ? smallBatch : this.nextOf(BigInt(entry % producers)));
      this.#storeLargeTable();
    }
  }

  /** What an idempotent producer has to send next. */
  nextOf(producerId: bigint): AppendRequest {
    const last = this.#state.table.producer(producerId)?.batches.at(-1);
    const baseSequence = last === undefined ? 0 : last.baseSequence + last.recordCount;
    const producer = { producerId, producerEpoch: 0, baseSequence };
    return { ...smallBatch, batches: smallBatch.batches.map((batch) => ({ ...batch, producer })) };
  }

  /** Takes notice of what others have appended. */
  follow(): void {
    const { store } = this.#memory;
    const { topicId, partition } = this.name;
    for (const entry of store.logs.from(partitionLogId(topicId, partition), this.end, Infinity)) {
      applyEntry(this.#state, entry);
    }
  }

  #append(request: AppendRequest): void {
    const { storage, store } = this.#memory;
    const appendedAtMs = storage.clock.wallMs();
    const { entry, answers } = planAppend(this.#state, [request], [0], appendedAtMs);
    if (entry === undefined) throw new Error(`not appended: ${JSON.stringify(answers)}`);
    const put = {
      logId: partitionLogId(this.name.topicId, this.name.partition),
      position: this.#state.position,
      next: entry.next,
      attempt: storage.random.id(),
      appendedAtMs,
      meta: encodeEntryMeta(entry.meta, appendedAtMs),
      payload: { kind: "inline", bytes: request.bytes },
      expiresAtMs: appendedAtMs + storage.lifetimes.hotEntryMs,
    } as const;
    if (store.logs.put(put) !== undefined) throw new Error(`somebody else has appended at ${put.position}`);
    applyEntry(this.#state, put, entry.meta);
  }

  /** As the writer does it beside the log. */
  #storeLargeTable(): void {
    const state = this.#state;
    if (state.entriesSinceCheckpoint * 2 < checkpointEntriesMax) return;
    const table = encodeWriters(state, state.lastAppendedMs ?? 0);
    if (table.length <= producerTableMetaBytesMax) return;
    const id = this.#memory.storage.random.id();
    this.#memory.store.blobs.put(hotBlobKey(this.name.topicId, this.name.partition, id), table);
    state.checkpoint = { kind: "blob", position: state.position, id };
    state.entriesSinceCheckpoint = 0;
    state.bytesSinceCheckpoint = 0;
  }
}
