/**
 * Compacts a prefix of a partition: of each key only the last record stays, at its offset. Outside of the request path; any
 * number may run at once, beside writers, readers, sealers and collectors.
 *
 *     segments not compacted yet ─► last offset of each key, aborted transactions        (`DirtyScan`)
 *     compacted segments, then those ─► what stays of each batch ─► new segments         (`BatchCleaner`, `CompactedOutput`)
 *     manifest ─► one conditional update of the partition's item
 *
 * Only the update decides: before it nothing is changed, and what a run that loses or dies has stored is garbage. It ends
 * before the oldest transaction whose marker is not sealed yet, so never beyond the last stable offset.
 */
import {
  compactionKeyBytesMax,
  compactionKeysMax,
  compactionMsMax,
  compactionPendingMax,
} from "../limits/compaction.ts";
import { segmentsLogId } from "../log/log-id.ts";
import { lastOffset } from "../record/record-batch.ts";
import type { Storage } from "../storage/storage.ts";
import { BatchCleaner, type Codecs } from "./batch-cleaner.ts";
import { type CompactedManifest, loadManifest } from "./compacted-manifest.ts";
import { CompactedOutput } from "./compacted-output.ts";
import { type CompactionState, publishCompaction, readPartitionStart } from "./compaction-state.ts";
import {
  type CompactionSettings,
  dirtyFrom,
  type DirtyPart,
  findDirtyPart,
  isCompactionDue,
  segmentsFrom,
} from "./dirty-part.ts";
import { DirtyScan, type ScanBounds } from "./dirty-scan.ts";
import type { PartitionName } from "./recover-partition.ts";
import { type ReadBatch, segmentBatches } from "./segment-batches.ts";
import { type SegmentDescriptor, stableOffsetAtEnd, stableOffsetOf } from "./segment-descriptor.ts";

export type CompactResult =
  | { readonly kind: "nothing due" }
  /** `more`: a bound of the run ended it, and another may go on at once. */
  | { readonly kind: "compacted"; readonly cleanedTo: number; readonly more: boolean }
  /** Another run was first, or this one took so long that its blobs may be gone. Nothing was changed. */
  | { readonly kind: "lost" }
  /** The run was over its time. Nothing was changed. */
  | { readonly kind: "too long" };

export interface CompactOptions extends Codecs {
  /** Bytes of a new segment. */
  readonly segmentBytes: number;
  /** Compacts all that may be compacted, however little. */
  readonly forced?: boolean;
  readonly bounds?: Partial<ScanBounds>;
  readonly msMax?: number;
}

/**
 * @throws StorageCorruptError if something does not decode
 * @throws StorageUnavailableError if what is read was collected meanwhile, because another run has taken its place
 */
export async function compactPartition(
  storage: Storage,
  name: PartitionName,
  settings: CompactionSettings,
  options: CompactOptions,
): Promise<CompactResult> {
  const start = await readPartitionStart(storage, name);
  if (options.forced !== true && !(await isCompactionDue(storage, name, start, settings))) {
    return { kind: "nothing due" };
  }
  const { compaction: state, logStart } = start;
  const manifest = await loadManifest(storage, name, state);
  if (manifest === undefined) return { kind: "lost" };
  const run = new CompactionRun(storage, name, { state, manifest, start: logStart.offset }, options);
  return await run.run(await findDirtyPart(storage, name, dirtyFrom(start), settings), settings);
}

/** Part of a run's time after which it cleans what it has seen: what was read once is read again, and written. */
const scanPart = 0.3;

/** The second pass is for a transaction without end that the list of segments did not tell of; it finds no other. */
const scanPassesMax = 3;

/** What a run starts from. */
interface Before {
  readonly state: CompactionState;
  readonly manifest: CompactedManifest;
  /** Start of the log. */
  readonly start: number;
}

class CompactionRun {
  readonly #storage: Storage;
  readonly #name: PartitionName;
  readonly #before: Before;
  readonly #options: CompactOptions;
  readonly #bounds: ScanBounds;
  #scan: DirtyScan;
  /** On the monotonic clock. */
  readonly #scanEndMs: number;
  readonly #endMs: number;

  constructor(storage: Storage, name: PartitionName, before: Before, options: CompactOptions) {
    this.#storage = storage;
    this.#name = name;
    this.#before = before;
    this.#options = options;
    this.#bounds = {
      keysMax: compactionKeysMax,
      keyBytesMax: compactionKeyBytesMax,
      pendingMax: compactionPendingMax,
      ...options.bounds,
    };
    this.#scan = this.#newScan();
    const msMax = options.msMax ?? compactionMsMax;
    this.#scanEndMs = storage.clock.monotonicMs() + msMax * scanPart;
    this.#endMs = storage.clock.monotonicMs() + msMax;
  }

  async run(dirty: DirtyPart, settings: CompactionSettings): Promise<CompactResult> {
    const { state } = this.#before;
    const nowMs = this.#storage.clock.wallMs();
    const scanned = await this.#scanDirty(dirty);
    if (scanned === undefined) return { kind: "too long" };
    const cleanedTo = Math.max(scanned.end, state.cleanedTo);
    const hasHorizon = state.horizonMs !== undefined && state.horizonMs <= nowMs;
    if (cleanedTo === state.cleanedTo && !hasHorizon) return { kind: "nothing due" };

    const id = this.#storage.random.id();
    const { deleteRetentionMs } = settings;
    const cleaner = new BatchCleaner({ ...this.#options, scan: this.#scan, nowMs, deleteRetentionMs });
    const output = new CompactedOutput(this.#storage, this.#name, id, this.#options.segmentBytes);
    if (!(await this.#rewrite(cleaner, output, dirty, cleanedTo))) return { kind: "too long" };
    await output.finish(cleanedTo);
    const next = {
      id,
      runs: state.runs + 1,
      cleanedTo,
      compactedAtMs: this.#storage.clock.wallMs(),
      sizeBytes: output.sizeBytes,
      horizonMs: cleaner.earliestHorizonMs === Infinity ? undefined : cleaner.earliestHorizonMs,
    };
    const published = await publishCompaction(this.#storage, this.#name, state, next, output.storedAtMs);
    return published ? { kind: "compacted", cleanedTo, more: scanned.more } : { kind: "lost" };
  }

  /**
   * Offset that the run may clean up to; undefined when its time was over. What stands behind it is not taken in: a record
   * there that readers of what is committed cannot see yet must not take the place of one that they can.
   */
  async #scanDirty(dirty: DirtyPart): Promise<{ readonly end: number; readonly more: boolean } | undefined> {
    const { segments, more } = dirty;
    const sealedEnd = segments.at(-1)?.endOffset ?? this.#from;
    let limit = await this.#stableOffset(dirty);
    for (let pass = 0; pass < scanPassesMax; pass += 1) {
      const { end, isFull } = await this.#scanUpTo(segments, Math.min(sealedEnd, limit));
      // What ends at a bound must get beyond transactions that are open there, or the next run would be no better.
      const isBounded = isFull || more || limit < sealedEnd;
      if (isBounded && !(await this.#followOpen(end))) return undefined;
      const { openSince = end } = this.#scan;
      if (openSince >= end) return { end, more: isFull || more };
      this.#scan = this.#newScan();
      limit = openSince;
    }
    return undefined;
  }

  /** Where the oldest transaction begins that is open at the end of what is dirty, or of what is sealed if a bound ended that. */
  async #stableOffset({ segments, more }: DirtyPart): Promise<number> {
    const last = segments.at(-1);
    if (last === undefined) return this.#from;
    if (!more) return stableOffsetOf(last);
    const entry = await this.#storage.logs.readLast(segmentsLogId(this.#name.topicId, this.#name.partition));
    return entry === undefined ? stableOffsetOf(last) : stableOffsetAtEnd(entry);
  }

  /** Takes in what is before the offset, as far as the bounds go. */
  async #scanUpTo(
    segments: readonly SegmentDescriptor[],
    limit: number,
  ): Promise<{ readonly end: number; readonly isFull: boolean }> {
    for (const segment of segments) {
      if (segment.baseOffset >= limit) break;
      for await (const group of segmentBatches(this.#storage, this.#name, segment, this.#from)) {
        const part = group.filter(({ header }) => header.baseOffset < limit);
        const full = this.#isScanOver(part)
          ? part[0]
          : part.find(({ bytes, header }) => !this.#scan.add(bytes, header));
        if (full !== undefined) return { end: full.header.baseOffset, isFull: true };
        if (part.length < group.length) break;
      }
    }
    return { end: limit, isFull: false };
  }

  /** Looks behind the offset for the markers of the transactions that are open there; false when the time was over. */
  async #followOpen(offset: number): Promise<boolean> {
    for await (const segment of segmentsFrom(this.#storage, this.#name, offset)) {
      if (this.#scan.openSince === undefined) return true;
      for await (const group of segmentBatches(this.#storage, this.#name, segment, offset)) {
        if (this.#isOver()) return false;
        for (const { bytes, header } of group) this.#scan.follow(bytes, header);
        if (this.#scan.openSince === undefined) return true;
      }
    }
    return true;
  }

  /** False when the time was over. */
  async #rewrite(
    cleaner: BatchCleaner,
    output: CompactedOutput,
    dirty: DirtyPart,
    cleanedTo: number,
  ): Promise<boolean> {
    const { start } = this.#before;
    for (const segment of this.#compactedSegments()) {
      for await (const group of segmentBatches(this.#storage, this.#name, segment, start)) {
        if (this.#isOver()) return false;
        await writeCleaned(cleaner, output, group, segment);
      }
    }
    const from = this.#from;
    for (const segment of dirty.segments) {
      if (segment.baseOffset >= cleanedTo) break;
      if (segment.endOffset <= from) continue;
      for await (const group of segmentBatches(this.#storage, this.#name, segment, from)) {
        if (this.#isOver()) return false;
        const part = group.filter(({ header }) => lastOffset(header) < cleanedTo);
        await writeCleaned(cleaner, output, part, segment);
        if (part.length < group.length) break;
      }
    }
    return true;
  }

  *#compactedSegments(): Generator<SegmentDescriptor, void> {
    const { manifest, start } = this.#before;
    for (const { endOffset, descriptor } of manifest.segments) if (endOffset > start) yield descriptor();
  }

  /** Something is always cleaned. */
  #isScanOver(group: readonly ReadBatch[]): boolean {
    const isBehind = (group[0]?.header.baseOffset ?? this.#from) > this.#from;
    return isBehind && this.#storage.clock.monotonicMs() > this.#scanEndMs;
  }

  /** Where what is dirty begins. */
  get #from(): number {
    return Math.max(this.#before.state.cleanedTo, this.#before.start);
  }

  #newScan(): DirtyScan {
    return new DirtyScan(this.#bounds, this.#options.decompress);
  }

  #isOver(): boolean {
    return this.#storage.clock.monotonicMs() > this.#endMs;
  }
}

async function writeCleaned(
  cleaner: BatchCleaner,
  output: CompactedOutput,
  batches: readonly ReadBatch[],
  source: SegmentDescriptor,
): Promise<void> {
  for (const { bytes, header } of batches) {
    const left = cleaner.clean(bytes, header);
    if (left !== undefined) await output.add(left, source);
  }
}
