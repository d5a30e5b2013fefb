/**
 * Reads one partition from any offset, from the hot tail or from sealed segments, whichever holds it.
 *
 *     offset below what is compacted ──► its manifest ──► one ranged read
 *     offset in the segment read last, or right behind it ──► segments list ──► one ranged read
 *     else: query of the hot entries from offset on
 *            ├─ begins at offset, and is young ──► serve
 *            ├─ empty, and offset is a proven tail ──► nothing new
 *            └─ else: the entry around offset, then the segments list, then: below the start, or beyond the tail
 *
 * What it remembers (an entry, a segment, a tail) is immutable or only grows, so it can be late but never wrong.
 *
 * Model: `models/sealing/Sealing.tla`.
 */
import { entryPayloadBytesMax, segmentAgeMsMax } from "../limits.ts";
import { contiguousFrom } from "../log/chain.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { partitionLogId, segmentsLogId } from "../log/log-id.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { LogEntry, LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { AbortedTransaction } from "./aborted-transactions.ts";
import type { CompactedManifest } from "./compacted-manifest.ts";
import { CompactedPrefix } from "./compacted-prefix.ts";
import { readPartitionStart } from "./compaction-state.ts";
import { stableOffsetAfter } from "./entry-meta.ts";
import { readSelection } from "./read-payload.ts";
import { readSegment } from "./read-segment.ts";
import type { PartitionName } from "./recover-partition.ts";
import {
  decodeSegmentDescriptor,
  type SegmentDescriptor,
  stableOffsetAtEnd,
  stableOffsetOf,
} from "./segment-descriptor.ts";
import { type BatchLimits, selectBatches } from "./select-batches.ts";
import { TransactionScan } from "./transaction-scan.ts";

export interface PartitionRead {
  readonly kind: "batches";
  readonly batches: readonly Uint8Array[];
  readonly nextOffset: number;
  readonly highWatermark: number;
  /** Before it every transaction is decided; at least the start of the log. */
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** Of a committed read: transactions whose batches among these are to be left out, by the offsets of their markers. */
  readonly aborted: readonly AbortedTransaction[];
}

/** As Kafka's consumers name it. Committed: only batches below the last stable offset, and which of them were aborted. */
export type ReadIsolation = "read_uncommitted" | "read_committed";

interface ReadLimits extends BatchLimits {
  readonly isolation: ReadIsolation;
}

export interface OutOfRange {
  readonly kind: "out of range";
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
}

/** Entries that one query of a fetch asks for; the limits of the fetch end it sooner. */
const hotEntriesMax = 500;
/** How late the start of the log may be known: a truncated record may be served this long. */
const logStartAgeMsMax = 5_000;
/** How late the high watermark of a reader that is behind may be known. */
const highWatermarkAgeMsMax = 1_000;
/** Entries older than this are likely sealed, and cheaper to read from there. */
const likelySealedMs = segmentAgeMsMax * 2;
/** Segments whose list entries, of up to 20 KB, are kept. */
const segmentsKept = 8;
/** Inline payload of an entry that is kept for the next read: a process keeps one for each of its partitions. */
const keptEntryBytesMax = 65_536;
/** Times that a read starts again because what it found was sealed or trimmed under it. */
const restartsMax = 4;

export class PartitionReader {
  readonly #storage: Storage;
  readonly #name: PartitionName;
  readonly #logId: LogId;
  /** A position that was proven to be the tail, and when. */
  #tail: { readonly position: number; readonly seen: Instant } | undefined;
  #highWatermark = 0;
  #highWatermarkSeen: Instant | undefined;
  /** The largest last stable offset that was seen. */
  #stableOffset = 0;
  readonly #transactions: TransactionScan;
  #logStart: { readonly offset: number; readonly seen: Instant } | undefined;
  readonly #compacted: CompactedPrefix;
  /** The entry whose middle a reader will ask for next. */
  #entry: LogEntry | undefined;
  /** Those read last, latest first: consumers that lag do so at different places. */
  #segments: readonly SegmentDescriptor[] = [];
  /** Up to here the log is known to be sealed; -1 if nothing is known. */
  #sealedEnd = -1;

  constructor(storage: Storage, name: PartitionName) {
    this.#storage = storage;
    this.#name = name;
    this.#logId = partitionLogId(name.topicId, name.partition);
    this.#compacted = new CompactedPrefix(storage, name);
    this.#transactions = new TransactionScan(storage, name);
  }

  /** @throws StorageCorruptError | StorageTimeoutError | StorageThrottledError | StorageUnavailableError */
  async read(
    offset: number,
    batchLimits: BatchLimits,
    isolation: ReadIsolation = "read_uncommitted",
  ): Promise<PartitionRead | OutOfRange> {
    const limits = { ...batchLimits, isolation };
    const logStartOffset = await this.logStartOffset();
    if (offset < logStartOffset) return this.#outOfRange(logStartOffset);
    for (let restart = 0; restart < restartsMax; restart += 1) {
      const found = (await this.#fromCompacted(offset, limits)) ?? (await this.#fromLog(offset, limits));
      if (found === "beyond") return this.#outOfRange(await this.#freshLogStart());
      if (found !== "again") {
        this.#raise(found.nextOffset);
        await this.#refreshHighWatermark();
        const lastStableOffset = Math.max(this.#stableOffset, logStartOffset);
        const highWatermark = this.#highWatermark;
        return { kind: "batches", aborted: [], ...found, highWatermark, lastStableOffset, logStartOffset };
      }
      // Sealed, and perhaps trimmed: the segment holds it now, unless the log begins later by now.
      this.#entry = undefined;
      await this.#findSegment(offset);
      const started = await this.#freshLogStart();
      if (offset < started) return this.#outOfRange(started);
    }
    throw new StorageCorruptError(`${this.#logId} has nothing at ${offset}, which is inside of it`);
  }

  /** The first offset that may be read; at most 5 s late. No request when known, else one. */
  async logStartOffset(): Promise<number> {
    const known = this.#logStart;
    if (known !== undefined && isFresh(known.seen, instantOf(this.#storage.clock), logStartAgeMsMax))
      return known.offset;
    return this.#freshLogStart();
  }

  /** Takes note of a start of the log that this process has raised, or seen, by itself. */
  startsAt(offset: number): void {
    this.#noteLogStart(offset, instantOf(this.#storage.clock));
  }

  /** The offset after the last record that was acknowledged before the call. One request, or two for an idle log. */
  async highWatermark(): Promise<number> {
    const seen = instantOf(this.#storage.clock);
    const last = await this.#storage.logs.readLast(this.#logId);
    let position = last?.next ?? 0;
    let stableOffset = last === undefined ? 0 : stableOffsetAfter(last);
    if (last === undefined || this.#isOld(last)) {
      const segment = await this.#storage.logs.readLast(segmentsLogId(this.#name.topicId, this.#name.partition));
      if (segment !== undefined && segment.next >= position) {
        position = segment.next;
        stableOffset = stableOffsetAtEnd(segment);
      }
    }
    this.#raise(position, stableOffset);
    this.#prove(position, seen);
    return this.#highWatermark;
  }

  /** What stands for the segment list below its `cleanedTo`. No request when known, else one or two. */
  async compacted(): Promise<CompactedManifest> {
    await this.logStartOffset();
    return await this.#compacted.manifest();
  }

  /** Before it every transaction is decided; as up to date, and at the same cost, as `highWatermark`. */
  async lastStableOffset(): Promise<number> {
    const logStartOffset = await this.logStartOffset();
    await this.highWatermark();
    return Math.max(this.#stableOffset, logStartOffset);
  }

  async #freshLogStart(): Promise<number> {
    const seen = instantOf(this.#storage.clock);
    const { logStart, compaction } = await readPartitionStart(this.#storage, this.#name);
    this.#compacted.note(compaction);
    return this.#noteLogStart(logStart.offset, seen);
  }

  #noteLogStart(found: number, seen: Instant): number {
    // Answers may overtake each other; the start only grows.
    const offset = Math.max(found, this.#logStart?.offset ?? 0);
    this.#logStart = { offset, seen };
    return offset;
  }

  async #outOfRange(logStartOffset: number): Promise<OutOfRange> {
    const highWatermark = await this.highWatermark();
    const lastStableOffset = Math.max(this.#stableOffset, logStartOffset);
    return { kind: "out of range", highWatermark, lastStableOffset, logStartOffset };
  }

  /**
   * Where nothing is left up to the end of what is compacted, what follows there is read. All that is compacted is decided,
   * and nothing of it was aborted.
   */
  async #fromCompacted(offset: number, limits: ReadLimits): Promise<Served | "again" | "beyond" | undefined> {
    const { cleanedTo } = this.#compacted;
    if (offset >= cleanedTo) return undefined;
    this.#raise(cleanedTo, cleanedTo);
    const read = await this.#compacted.read(offset, limits);
    if (read === undefined) return "again";
    return read.batches.length > 0 ? read : await this.#fromLog(read.nextOffset, limits);
  }

  async #fromLog(offset: number, limits: ReadLimits): Promise<Served | "again" | "beyond"> {
    return (await this.#fromSegment(offset, limits)) ?? (await this.#fromHotTail(offset, limits));
  }

  async #fromSegment(offset: number, limits: ReadLimits): Promise<Served | "again" | undefined> {
    const known = this.#segments.find((one) => one.baseOffset <= offset && offset < one.endOffset);
    // Behind a segment that was read, or below one: it is sealed, or may be by now.
    const segment = known ?? (offset <= this.#sealedEnd ? await this.#findSegment(offset) : undefined);
    return segment === undefined ? undefined : await this.#serveSegment(segment, offset, limits);
  }

  /** The sealed segment that holds the offset, if one does. One query. */
  async #findSegment(offset: number): Promise<SegmentDescriptor | undefined> {
    const entry = await this.#storage.logs.readAt(segmentsLogId(this.#name.topicId, this.#name.partition), offset);
    if (entry === undefined || offset >= entry.next) {
      // The reader has come to the end of what is sealed: from here on the hot entries are asked first.
      if (this.#sealedEnd === offset) this.#sealedEnd = -1;
      return undefined;
    }
    const segment = decodeSegmentDescriptor(entry);
    this.#segments = [segment, ...this.#segments.filter((one) => one.id !== segment.id)].slice(0, segmentsKept);
    this.#sealedEnd = Math.max(this.#sealedEnd, segment.endOffset);
    this.#raise(segment.endOffset, stableOffsetOf(segment));
    return segment;
  }

  async #serveSegment(segment: SegmentDescriptor, offset: number, limits: ReadLimits): Promise<Served | "again"> {
    const bounded = await this.#bounded(offset, limits);
    if (bounded === undefined) return { batches: [], nextOffset: offset };
    const read = await readSegment(this.#storage, this.#name, segment, offset, bounded);
    if (read === undefined || read.batches.length === 0) {
      this.#segments = this.#segments.filter((one) => one !== segment);
      return "again";
    }
    if (limits.isolation === "read_uncommitted") return read;
    return this.#transactions.settle(read, offset, { kind: "segment", segment });
  }

  async #fromHotTail(offset: number, limits: ReadLimits): Promise<Served | "again" | "beyond"> {
    const cached = this.#entry;
    if (cached !== undefined && cached.position < offset && offset < cached.next) {
      return this.#serveEntries([cached], offset, limits, false);
    }
    const seen = instantOf(this.#storage.clock);
    const range = await this.#storage.logs.readFrom(this.#logId, offset, {
      entriesMax: Math.min(hotEntriesMax, limits.recordsMax),
      bytesMax: Math.min(limits.bytesMax, entryPayloadBytesMax),
    });
    const [first] = range.entries;
    if (first === undefined || first.position !== offset) return this.#around(offset, limits, first, seen);
    if (this.#isLikelySealed(first)) {
      const segment = await this.#findSegment(offset);
      if (segment !== undefined) return this.#serveSegment(segment, offset, limits);
    }
    const chain = contiguousFrom(range.entries, offset);
    const end = chain.at(-1)?.next ?? offset;
    const isTail = !range.more && chain.length === range.entries.length;
    if (isTail) this.#prove(end, seen);
    return this.#serveEntries(chain, offset, limits, isTail);
  }

  /** No hot entry begins at the offset: it is the tail, inside an entry, sealed, or nowhere. */
  async #around(
    offset: number,
    limits: ReadLimits,
    later: LogEntry | undefined,
    seen: Instant,
  ): Promise<Served | "again" | "beyond"> {
    if (later === undefined && this.#stillTail(offset)) {
      this.#prove(offset, seen);
      return { batches: [], nextOffset: offset };
    }
    const around = await this.#storage.logs.readAt(this.#logId, offset);
    if (around !== undefined && offset < around.next) {
      const segment = this.#isLikelySealed(around) ? await this.#findSegment(offset) : undefined;
      if (segment !== undefined) return this.#serveSegment(segment, offset, limits);
      return this.#serveEntries([around], offset, limits, false);
    }
    if (later === undefined && around?.next === offset && !this.#isOld(around)) {
      this.#raise(offset, stableOffsetAfter(around));
      this.#prove(offset, seen);
      return { batches: [], nextOffset: offset };
    }
    const segment = await this.#findSegment(offset);
    if (segment !== undefined) return this.#serveSegment(segment, offset, limits);
    // Neither hot nor sealed: with something after it, it was trimmed or was being written while the query ran.
    if (later !== undefined) return "again";
    const highWatermark = await this.highWatermark();
    if (offset > highWatermark) return "beyond";
    return offset === highWatermark ? { batches: [], nextOffset: offset } : "again";
  }

  /** @param isTail whether nothing followed the entries when they were read */
  async #serveEntries(
    chain: readonly LogEntry[],
    offset: number,
    limits: ReadLimits,
    isTail: boolean,
  ): Promise<Served | "again"> {
    const end = chain.at(-1);
    if (end !== undefined) this.#raise(end.next, stableOffsetAfter(end));
    const bounded = await this.#bounded(offset, limits, isTail);
    if (bounded === undefined) return { batches: [], nextOffset: offset };
    const { selections, nextOffset } = selectBatches(chain, offset, bounded);
    const parts = await Promise.all(selections.map((selection) => readSelection(this.#storage, selection)));
    const batches: Uint8Array[] = [];
    for (const part of parts) {
      if (part === undefined) return "again";
      batches.push(...part);
    }
    const last = selections.at(-1)?.entry;
    const isSmall = last?.payload.kind === "blob" || (last?.payload.bytes.length ?? 0) <= keptEntryBytesMax;
    this.#entry = last !== undefined && nextOffset < last.next && isSmall ? last : undefined;
    if (limits.isolation === "read_uncommitted") return { batches, nextOffset };
    return this.#transactions.settle({ batches, nextOffset }, offset, { kind: "entries", entries: chain });
  }

  /**
   * The limits with the last stable offset, for a committed read; undefined if nothing at `offset` is below it.
   *
   * @param isExact whether this very read has seen the end of the log
   */
  async #bounded(offset: number, limits: ReadLimits, isExact = false): Promise<BatchLimits | undefined> {
    if (limits.isolation === "read_uncommitted") return limits;
    if (!isExact && offset < this.#stableOffset) await this.#refreshHighWatermark();
    else if (!isExact) await this.highWatermark();
    return offset < this.#stableOffset ? { ...limits, endOffset: this.#stableOffset } : undefined;
  }

  /** An empty read at a tail that was proven not too long ago proves it anew: nothing appended since can be gone. */
  #stillTail(offset: number): boolean {
    const { graceMs } = this.#storage.lifetimes;
    return this.#tail?.position === offset && isFresh(this.#tail.seen, instantOf(this.#storage.clock), graceMs / 2);
  }

  /** Judged after the entry was read: a process may have been frozen while it asked. */
  #isOld(entry: LogEntry): boolean {
    return this.#storage.clock.wallMs() - entry.appendedAtMs > this.#storage.lifetimes.graceMs / 2;
  }

  #isLikelySealed(entry: LogEntry): boolean {
    return this.#storage.clock.wallMs() - entry.appendedAtMs > likelySealedMs;
  }

  #prove(position: number, seen: Instant): void {
    if (this.#tail !== undefined && position < this.#tail.position) return;
    this.#tail = { position, seen };
    this.#highWatermarkSeen = seen;
    this.#raise(position);
  }

  /** @param stableOffset the last stable offset at that position: what was stable once stays so */
  #raise(position: number, stableOffset = 0): void {
    if (position > this.#highWatermark) this.#highWatermark = position;
    if (stableOffset > this.#stableOffset) this.#stableOffset = stableOffset;
  }

  /** A read at the tail has just proven it. */
  async #refreshHighWatermark(): Promise<void> {
    const seen = this.#highWatermarkSeen;
    if (seen !== undefined && isFresh(seen, instantOf(this.#storage.clock), highWatermarkAgeMsMax)) return;
    await this.highWatermark();
  }
}

interface Served {
  readonly batches: readonly Uint8Array[];
  readonly nextOffset: number;
  readonly aborted?: readonly AbortedTransaction[];
}
