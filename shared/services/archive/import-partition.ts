/**
 * Makes a partition of archived batches, at their offsets. It begins as one that was compacted up to its end (see
 * `compaction-state.ts`): there gaps between offsets are in order, and there are no transactions to be told of.
 */
import { decodeTailState, emptyPartitionState, encodeTailState } from "../../partition/partition-state.ts";
import { CompactedOutput } from "../../partition/compacted-output.ts";
import { publishCompaction, readPartitionStart } from "../../partition/compaction-state.ts";
import { raiseLogStart } from "../../partition/log-start.ts";
import type { PartitionName } from "../../partition/recover-partition.ts";
import { encodeSegmentDescriptor } from "../../partition/segment-descriptor.ts";
import { entryPayloadBytesMax, segmentBytesTarget } from "../../limits.ts";
import { instantOf } from "../../log/evidence.ts";
import { segmentsLogId } from "../../log/log-id.ts";
import { putEntry } from "../../log/put-entry.ts";
import { batchField, batchHeaderBytes, batchLengthEnd, lastOffset } from "../../record/record-batch.ts";
import { validateBatch } from "../../record/validate-batch.ts";
import { StorageUnavailableError } from "../../storage/errors.ts";
import type { Storage } from "../../storage/storage.ts";
import { ArchiveError, type ArchivedPartition } from "./archive-format.ts";

export class PartitionImport {
  readonly #storage: Storage;
  readonly #name: PartitionName;
  readonly #bounds: ArchivedPartition;
  readonly #output: CompactedOutput;
  readonly #id: string;
  readonly #startedAtMs: number;
  readonly #isCompacted: boolean;
  #nextOffset = 0;

  /** @param isCompacted by its topic's settings: then its tombstones are to go in their time */
  constructor(storage: Storage, name: PartitionName, bounds: ArchivedPartition, isCompacted: boolean) {
    this.#storage = storage;
    this.#name = name;
    this.#bounds = bounds;
    this.#isCompacted = isCompacted;
    this.#id = storage.random.id();
    this.#startedAtMs = storage.clock.wallMs();
    this.#output = new CompactedOutput(storage, name, this.#id, segmentBytesTarget);
  }

  /**
   * Adds whole batches, one after the other.
   *
   * @returns how many
   * @throws ArchiveError if they are damaged or out of order
   */
  async add(bytes: Uint8Array): Promise<number> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const nowMs = this.#storage.clock.wallMs();
    let batches = 0;
    for (let at = 0; at < bytes.length; batches += 1) {
      const left = bytes.length - at;
      const length = left < batchHeaderBytes ? 0 : view.getInt32(at + batchField.batchLength) + batchLengthEnd;
      if (length < batchHeaderBytes || length > left) throw this.#broken("a batch is cut off");
      const limits = { batchBytesMax: entryPayloadBytesMax, recordsMax: Infinity, origin: "log" } as const;
      const valid = validateBatch(bytes, at, at + length, limits);
      if (!valid.ok) throw this.#broken(valid.message);
      const { header } = valid;
      const end = lastOffset(header) + 1;
      if (header.baseOffset < this.#nextOffset || end > this.#bounds.endOffset) {
        throw this.#broken(`a batch from ${header.baseOffset} to ${end} is out of place`);
      }
      await this.#output.add(bytes.subarray(at, at + length), { firstAppendedMs: nowMs, lastAppendedMs: nowMs });
      this.#nextOffset = end;
      at += length;
    }
    return batches;
  }

  /** Makes them readable. @throws what the store throws */
  async finish(): Promise<void> {
    const { endOffset, logStartOffset } = this.#bounds;
    if (endOffset === 0) return;
    await this.#output.finish(endOffset);
    const nowMs = this.#storage.clock.wallMs();
    const before = (await readPartitionStart(this.#storage, this.#name)).compaction;
    const run = {
      id: this.#id,
      runs: before.runs + 1,
      cleanedTo: endOffset,
      compactedAtMs: nowMs,
      sizeBytes: this.#output.sizeBytes,
      horizonMs: this.#isCompacted ? nowMs : undefined,
    };
    if (!(await publishCompaction(this.#storage, this.#name, before, run, this.#output.storedAtMs))) {
      throw new StorageUnavailableError(`${this.#name.topicId}/${this.#name.partition} was written to by another`);
    }
    if (logStartOffset > 0) await raiseLogStart(this.#storage, this.#name, logStartOffset);
    await this.#listEnd(nowMs);
  }

  /** One descriptor for all offsets, which says where the log goes on; what is below is read by the manifest. */
  async #listEnd(nowMs: number): Promise<void> {
    const { endOffset } = this.#bounds;
    const state = { ...emptyPartitionState(), position: endOffset, lastAppendedMs: nowMs };
    const bytes = encodeTailState(state);
    decodeTailState(bytes);
    const meta = encodeSegmentDescriptor({
      baseOffset: 0,
      endOffset,
      id: this.#storage.random.id(),
      sizeBytes: 0,
      entries: 0,
      firstAppendedMs: this.#startedAtMs,
      lastAppendedMs: nowMs,
      maxTimestamp: -1,
      index: [],
    });
    const logId = segmentsLogId(this.#name.topicId, this.#name.partition);
    const entry = { logId, position: 0, next: endOffset, attempt: this.#storage.random.id(), appendedAtMs: nowMs };
    const payload = { kind: "inline", bytes } as const;
    const evidence = instantOf(this.#storage.clock);
    const outcome = await putEntry(this.#storage, { ...entry, meta, payload }, evidence);
    if (outcome.kind === "appended") return;
    if (outcome.kind === "unknown" || outcome.kind === "refused") throw outcome.cause;
    throw new StorageUnavailableError(`${logId} was written to by another`);
  }

  #broken(problem: string): ArchiveError {
    return new ArchiveError(`the archive's ${this.#bounds.topic}/${this.#bounds.partition} is broken: ${problem}`);
  }
}
