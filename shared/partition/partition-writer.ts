/** Appends produce requests to one partition: the log's writer with the partition's rules. */
import {
  appendQueueBytesMax,
  appendQueueRequestsMax,
  checkpointBytesMax,
  checkpointEntriesMax,
  entryBatchesMax,
  entryPayloadBytesMax,
  inlinePayloadBytesMax,
  producerTableMetaBytesMax,
  segmentAgeMsMax,
  segmentBytesTarget,
  segmentEntriesMax,
} from "../limits.ts";
import { instantOf } from "../log/evidence.ts";
import { partitionLogId } from "../log/log-id.ts";
import type { DraftPayload, Group, LogMachine, Plan } from "../log/log-machine.ts";
import { LogWriter, type QueueBounds } from "../log/log-writer.ts";
import { joinBytes } from "../record/join-bytes.ts";
import { hotBlobKey } from "../storage/item-keys.ts";
import type { LogEntry, LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { encodeEntryMeta } from "./entry-meta.ts";
import { applyEntry, type PartitionState } from "./partition-state.ts";
import { sealDuty } from "./seal-due.ts";
import { type Appended, type AppendRefusal, type AppendRequest, planAppend } from "./plan-append.ts";
import { findOldestUnsealedMs, type PartitionName, recoverPartition } from "./recover-partition.ts";
import { encodeWriters } from "./writers-codec.ts";

export type PartitionWriter = LogWriter<PartitionState, undefined, AppendRequest, Appended, AppendRefusal>;

/** Two groups of half the size, one being stored while the other is, keep a store busier than one after the other. */
const partitionQueueBounds: QueueBounds = {
  requestsMax: appendQueueRequestsMax,
  bytesMax: appendQueueBytesMax,
  aheadBytes: entryPayloadBytesMax / 2,
};

/** How long an answer waits for the sealer's queue. */
const wakeWaitMsMax = 500;
/** How often a writer whose entries stay unsealed looks where the sealed end is. */
const unsealedCheckMs = 1_800_000;
/** The same while it refuses to append. */
const refusedCheckMs = 5_000;

/**
 * Both settings are asked for at every append.
 *
 * @param inlineBytesMax the topic's `streamkeeper.inline.max.bytes`
 * @param segmentBytes bytes at which a segment is full (`TopicSettings`)
 */
export function partitionWriter(
  storage: Storage,
  name: PartitionName,
  inlineBytesMax: () => number,
  bounds: QueueBounds = partitionQueueBounds,
  segmentBytes: () => number = () => segmentBytesTarget,
): PartitionWriter {
  return new LogWriter(storage, new PartitionMachine(storage, name, inlineBytesMax, segmentBytes), bounds);
}

class PartitionMachine implements LogMachine<PartitionState, undefined, AppendRequest, Appended, AppendRefusal> {
  readonly logId: LogId;
  readonly keepsEntries = false;
  readonly groupRequestsMax = entryBatchesMax;
  readonly groupBytesMax = entryPayloadBytesMax;
  readonly #storage: Storage;
  readonly #name: PartitionName;
  readonly #inlineBytesMax: () => number;
  readonly #segmentBytes: () => number;
  #storingTable = false;
  #unsealedCheckedMs = 0;
  #wokenWindow = -1;
  #tableFitsUntilEntries = 0;

  constructor(storage: Storage, name: PartitionName, inlineBytesMax: () => number, segmentBytes: () => number) {
    this.#storage = storage;
    this.#name = name;
    this.#inlineBytesMax = inlineBytesMax;
    this.#segmentBytes = segmentBytes;
    this.logId = partitionLogId(name.topicId, name.partition);
  }

  recover(): ReturnType<typeof recoverPartition> {
    return recoverPartition(this.#storage, this.#name);
  }

  load(): undefined {
    return undefined;
  }

  apply(state: PartitionState, entry: LogEntry): void {
    applyEntry(state, entry);
  }

  requestBytes(request: AppendRequest): number {
    return request.bytes.length;
  }

  group(requests: readonly AppendRequest[]): Group<PartitionState, Appended, AppendRefusal> {
    const inlineBytesMax = Math.min(this.#inlineBytesMax(), inlinePayloadBytesMax);
    return new PartitionGroup(this.#storage, this.#name, requests, inlineBytesMax, (state, nowMs) => {
      this.#refreshUnsealed(state, nowMs, refusedCheckMs);
    });
  }

  async appended(state: PartitionState, entry: LogEntry): Promise<void> {
    const woken = this.#wakeSealer(state, entry);
    this.#checkpointBesideTheLog(state);
    this.#refreshUnsealed(state, entry.appendedAtMs, unsealedCheckMs / 6);
    if (woken === undefined) return;
    // A function may be frozen once it has answered, so what is to be done later is asked for before; but a queue that
    // does not answer must not hold up producers.
    await Promise.race([woken, this.#storage.timers.sleep(wakeWaitMsMax)]);
  }

  /** At once when a segment is full, and once in each window of time for the age limit: a lost wake-up is followed by others. */
  #wakeSealer(state: PartitionState, entry: LogEntry): Promise<unknown> | undefined {
    const segmentBytes = this.#segmentBytes();
    const duty = sealDuty(this.#name, segmentBytes);
    const entryBytes = entry.payload.kind === "inline" ? entry.payload.bytes.length : entry.payload.lengthBytes;
    const bytesBefore = state.totalBytes - entryBytes;
    const full =
      Math.floor(state.totalBytes / segmentBytes) > Math.floor(bytesBefore / segmentBytes) ||
      state.totalEntries % segmentEntriesMax === 0;
    const window = Math.floor(entry.appendedAtMs / segmentAgeMsMax);
    const isNewWindow = window !== this.#wokenWindow;
    this.#wokenWindow = window;
    if (!full && !isNewWindow) return undefined;
    const delays = [...(full ? [0] : []), ...(isNewWindow ? [segmentAgeMsMax] : [])];
    return Promise.all(delays.map((delayMs) => this.#wake(duty, delayMs)));
  }

  /** A lost wake-up costs delay only: the sweep finds what it missed. */
  async #wake(duty: Parameters<Storage["wakeUps"]["wake"]>[0], delayMs: number): Promise<void> {
    await this.#storage.wakeUps.wake(duty, delayMs).catch(() => undefined);
  }

  /** A table too large for an entry is stored while appends go on; the next entry points to it. */
  #checkpointBesideTheLog(state: PartitionState): void {
    if (this.#storingTable || state.totalEntries < this.#tableFitsUntilEntries) return;
    const { checkpoint, entriesSinceCheckpoint, bytesSinceCheckpoint } = state;
    const isMissing = checkpoint === undefined || checkpoint.position === 0;
    const isDue = entriesSinceCheckpoint * 2 >= checkpointEntriesMax || bytesSinceCheckpoint * 2 >= checkpointBytesMax;
    if (!isMissing && !isDue) return;
    const table = encodeWriters(state, state.lastAppendedMs ?? 0);
    if (table.length <= producerTableMetaBytesMax) {
      // It gets into an entry by itself, and is not measured again at each.
      this.#tableFitsUntilEntries = state.totalEntries + checkpointEntriesMax / 4;
      return;
    }
    this.#storingTable = true;
    void this.#storeTable(state, table).finally(() => {
      this.#storingTable = false;
    });
  }

  async #storeTable(state: PartitionState, table: Uint8Array): Promise<void> {
    const { position, totalEntries, bytesSinceCheckpoint } = state;
    const id = this.#storage.random.id();
    try {
      await this.#storage.blobs.put(hotBlobKey(this.#name.topicId, this.#name.partition, id), [table]);
    } catch {
      // The older checkpoint still serves; the next entry tries again.
      return;
    }
    // Another writer may have made a newer one known meanwhile.
    if (state.checkpoint !== undefined && state.checkpoint.position >= position) return;
    state.checkpoint = { kind: "blob", position, id };
    state.entriesSinceCheckpoint = state.totalEntries - totalEntries;
    state.bytesSinceCheckpoint = Math.max(0, state.bytesSinceCheckpoint - bytesSinceCheckpoint);
  }

  #refreshUnsealed(state: PartitionState, nowMs: number, everyMs: number): void {
    const { oldestUnsealedMs } = state;
    if (oldestUnsealedMs === undefined || nowMs - oldestUnsealedMs < unsealedCheckMs) return;
    if (Math.abs(nowMs - this.#unsealedCheckedMs) < everyMs) return;
    this.#unsealedCheckedMs = nowMs;
    void this.#wake(sealDuty(this.#name, this.#segmentBytes()), 0);
    void findOldestUnsealedMs(this.#storage, this.#name).then(
      (foundMs) => {
        state.oldestUnsealedMs = foundMs === undefined ? undefined : Math.max(state.oldestUnsealedMs ?? 0, foundMs);
      },
      // What is not known to be sealed counts as unsealed: the group refuses rather than lose it.
      () => undefined,
    );
  }
}

class PartitionGroup implements Group<PartitionState, Appended, AppendRefusal> {
  readonly #storage: Storage;
  readonly #name: PartitionName;
  readonly #requests: readonly AppendRequest[];
  readonly #inlineBytesMax: number;
  readonly #refused: (state: PartitionState, nowMs: number) => void;
  /** The requests whose bytes are in the blob, and where, once it is stored. */
  #stored: (Layout & { readonly payload: Promise<DraftPayload> }) | undefined;

  constructor(
    storage: Storage,
    name: PartitionName,
    requests: readonly AppendRequest[],
    inlineBytesMax: number,
    refused: (state: PartitionState, nowMs: number) => void,
  ) {
    this.#storage = storage;
    this.#name = name;
    this.#requests = requests;
    this.#inlineBytesMax = inlineBytesMax;
    this.#refused = refused;
  }

  plan(state: PartitionState, _position: number, at: { readonly wallMs: number }): Plan<Appended, AppendRefusal> {
    if (this.#tooLongUnsealed(state, at.wallMs)) {
      this.#refused(state, at.wallMs);
      return { answers: this.#requests.map(() => ({ kind: "refused", refusal: { code: "UNSEALED_TOO_LONG" } })) };
    }
    let layout: Layout = this.#stored ?? layoutOf(this.#requests, () => true);
    let plan = planAppend(state, this.#requests, layout.starts, at.wallMs);
    const taken = plan.answers.map((answer) => answer.kind === "written" && !answer.result.duplicate);
    const stored = this.#stored !== undefined && taken.every((one, index) => !one || layout.taken[index] === true);
    if (!stored && (this.#stored !== undefined || taken.includes(false))) {
      // What is not appended is not stored either, and a blob that lacks what is to be appended is left to the collector.
      this.#stored = undefined;
      layout = layoutOf(this.#requests, (index) => taken[index] === true);
      plan = planAppend(state, this.#requests, layout.starts, at.wallMs);
    }
    if (plan.entry === undefined) return { answers: plan.answers };
    const { next, meta } = plan.entry;
    return {
      draft: { next, meta: encodeEntryMeta(meta, at.wallMs), payload: () => this.#payload(layout) },
      answers: plan.answers,
    };
  }

  /** As if all requests were to be taken: bytes of those that are not are a gap that nothing refers to. */
  prepare(): void {
    const payload = this.#payload(layoutOf(this.#requests, () => true));
    // Whoever asks for the payload is told; nobody does if no request is taken.
    payload.catch(() => undefined);
  }

  /** Invariant 8: rather refuse than let entries expire that no segment holds. */
  #tooLongUnsealed(state: PartitionState, nowMs: number): boolean {
    const { dropsExpiredEntries, lifetimes } = this.#storage;
    if (!dropsExpiredEntries || state.oldestUnsealedMs === undefined) return false;
    return nowMs - state.oldestUnsealedMs > lifetimes.hotEntryMs / 2;
  }

  #payload(layout: Layout): Promise<DraftPayload> {
    if (this.#stored !== undefined) return this.#stored.payload;
    const chunks = this.#requests.flatMap((request, index) => (layout.taken[index] === true ? [request.bytes] : []));
    const lengthBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    if (lengthBytes <= this.#inlineBytesMax) {
      return Promise.resolve({ payload: { kind: "inline", bytes: joinBytes(chunks, lengthBytes) } });
    }
    const payload = this.#store(chunks, lengthBytes);
    this.#stored = { ...layout, payload };
    return payload;
  }

  async #store(chunks: readonly Uint8Array[], lengthBytes: number): Promise<DraftPayload> {
    const storedAt = instantOf(this.#storage.clock);
    const key = hotBlobKey(this.#name.topicId, this.#name.partition, this.#storage.random.id());
    await this.#storage.blobs.put(key, chunks);
    return { payload: { kind: "blob", key, lengthBytes }, storedAt };
  }
}

/** Which requests' bytes make the payload, and where each begins. */
interface Layout {
  readonly taken: readonly boolean[];
  readonly starts: readonly number[];
}

function layoutOf(requests: readonly AppendRequest[], isTaken: (index: number) => boolean): Layout {
  let start = 0;
  const taken = requests.map((_, index) => isTaken(index));
  const starts = requests.map((request, index) => {
    const here = start;
    if (taken[index] === true) start += request.bytes.length;
    return here;
  });
  return { taken, starts };
}
