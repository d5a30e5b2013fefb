/** What a partition keeps beside its batches. */
import { decodeManifest, encodeManifest } from "../../../shared/partition/compacted-manifest.ts";
import {
  decodeEntryMeta,
  encodeEntryMeta,
  type EntryBatch,
  type EntryMeta,
  hasTransactions,
  stableOffsetAfter,
} from "../../../shared/partition/entry-meta.ts";
import { OpenTransactions } from "../../../shared/partition/open-transactions.ts";
import {
  decodeTailState,
  emptyPartitionState,
  encodeTailState,
  type PartitionState,
} from "../../../shared/partition/partition-state.ts";
import { afterBatch, ProducerTable } from "../../../shared/partition/producer-table.ts";
import {
  decodeSegmentDescriptor,
  encodeSegmentDescriptor,
  type SegmentDescriptor,
  stableOffsetAtEnd,
} from "../../../shared/partition/segment-descriptor.ts";
import {
  decodeWriters,
  encodeWriters,
  readWriters,
  type Writers,
  writeWriters,
} from "../../../shared/partition/writers-codec.ts";
import { partitionLogId } from "../../../shared/log/log-id.ts";
import { ByteReader } from "../../../shared/record/byte-reader.ts";
import { ByteWriter } from "../../../shared/record/byte-writer.ts";
import { crc32c } from "../../../shared/record/crc32c.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import type { LogEntry } from "../../../shared/storage/log-store.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { fieldText } from "../mutate-text.ts";
import { codecTarget, FuzzFailure, type Target } from "../target.ts";

const nowMs = 1_750_000_000_000;
const logId = partitionLogId("topic", 0);
const position = 1_000;
const next = 1_009;
const payloadBytes = 4_096;

/** The entry around a meta: what reads one checks it against the positions and the payload. */
function entryOf(meta: Uint8Array): LogEntry {
  const payload = { kind: "blob", key: "hot/topic/0/x", lengthBytes: payloadBytes } as const;
  return { logId, position, next, attempt: "a", appendedAtMs: nowMs, meta, payload };
}

/** Makes the last four bytes the checksum of those before. */
export function sealEnd(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 4) return bytes;
  const sealed = bytes.slice();
  const end = sealed.length - 4;
  new DataView(sealed.buffer).setUint32(end, crc32c(sealed, 0, end));
  return sealed;
}

function anyEntryBatches(random: FuzzRandom): EntryBatch[] {
  const counts = random.pick([[9], [4, 5], [1, 8], [1, 1, 7], [3, 3, 3]]);
  let start = 0;
  return counts.map((recordCount) => {
    start += random.pick([0, 0, 3]);
    const length = random.between(61, 300);
    const batch = { start, length, recordCount, maxTimestamp: random.chance(0.2) ? -1 : nowMs - random.below(5_000) };
    start += length;
    const request = random.chance(0.2) ? { request: { idempotencyKey: fieldText(random), recordCount } } : {};
    if (random.chance(0.4)) return { ...batch, ...request };
    const identity = { producerId: BigInt(random.whole()), producerEpoch: random.below(100) };
    const isMarker = recordCount === 1 && random.chance(0.7);
    if (!isMarker) {
      const transaction = random.chance(0.5) ? { transaction: { kind: "data" } as const } : {};
      return { ...batch, producer: { ...identity, baseSequence: random.below(100) }, ...transaction, ...request };
    }
    const first = random.chance(0.8) ? { firstOffset: random.below(position) } : {};
    const transaction = { kind: random.pick(["commit", "abort"] as const), ...first };
    return { ...batch, producer: { ...identity, baseSequence: -1 }, transaction, ...request };
  });
}

function anyMeta(random: FuzzRandom): EntryMeta {
  const checkpoints = [
    { kind: "table", bytes: random.bytes(random.below(20)) },
    { kind: "entry", position: random.whole() },
    { kind: "blob", position: random.whole(), id: fieldText(random) },
  ] as const;
  return {
    totalBytes: random.whole(),
    totalEntries: random.whole(),
    oldestUnsealedMs: nowMs - random.below(100_000),
    ...(random.chance(0.3) ? { fence: random.whole() } : {}),
    ...(random.chance(0.3) ? { firstOpenOffset: random.below(next) } : {}),
    checkpoint: random.pick(checkpoints),
    batches: anyEntryBatches(random),
  };
}

function anySegment(random: FuzzRandom, baseOffset = position, offsets = next - position): SegmentDescriptor {
  const endOffset = baseOffset + offsets;
  let before = { offset: baseOffset, position: 0, maxTimestamp: -1 };
  const index = Array.from({ length: random.below(4) }, () => {
    const row = before;
    before = {
      offset: row.offset + random.below(3),
      position: row.position + random.below(70_000),
      maxTimestamp: nowMs + random.below(1_000),
    };
    return row;
  });
  const aborted = Array.from({ length: random.pick([0, 0, 1, 2]) }, () => {
    const lastOffset = endOffset - 1 - random.below(offsets - 1);
    return { producerId: BigInt(random.whole()), firstOffset: lastOffset - random.below(3), lastOffset };
  });
  return {
    baseOffset,
    endOffset,
    id: fieldText(random),
    sizeBytes: random.whole(),
    entries: random.word(),
    firstAppendedMs: random.whole(),
    lastAppendedMs: random.whole(),
    maxTimestamp: random.chance(0.2) ? -1 : nowMs,
    index,
    ...(random.chance(0.3) ? { firstOpenOffset: endOffset - random.below(offsets) } : {}),
    ...(aborted.length === 0 ? {} : { aborted }),
  };
}

function anyWriters(random: FuzzRandom): Writers {
  const table = new ProducerTable();
  const open = new OpenTransactions();
  for (let count = random.below(5); count > 0; count -= 1) {
    const producerId = BigInt(random.whole());
    const batch = {
      baseSequence: random.below(100),
      recordCount: random.between(1, 5),
      baseOffset: random.below(10_000),
    };
    const state = afterBatch(table.producer(producerId), random.below(9), batch, nowMs);
    table.setProducer(producerId, state, open);
    if (random.chance(0.3)) open.begin(producerId, { firstOffset: batch.baseOffset, epoch: 1 });
  }
  for (let count = random.below(3); count > 0; count -= 1) {
    table.setRequest(fieldText(random), {
      baseOffset: random.whole(),
      recordCount: random.between(1, 9),
      appendedAtMs: nowMs,
    });
  }
  return { table, open };
}

/** Tables hide what they hold, and producers that are silent for long are not written: the bytes stand for them. */
const writersShown = (writers: Writers): Uint8Array => Uint8Array.from(encodeWriters(writers, 0));

function stateShown(state: PartitionState): unknown {
  return encodeTailState(state);
}

function anyState(random: FuzzRandom): PartitionState {
  const state = { ...emptyPartitionState(), ...anyWriters(random) };
  state.position = random.whole();
  state.totalBytes = random.whole();
  state.totalEntries = random.whole();
  state.lastAppendedMs = nowMs;
  if (random.chance(0.3)) state.fence = random.whole();
  return state;
}

/** The writers stand last, behind their length, and end in their checksum: it stands where that of the whole would. */
function sealTailState(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  try {
    const from = new ByteReader(sealed);
    from.skip(1);
    const flags = from.u8();
    for (let number = (flags & 1) === 0 ? 4 : 5; number > 0; number -= 1) from.unsignedVarlongSafe();
    const writers = from.prefixedBytes();
    writers.set(sealEnd(writers));
  } catch {
    // Too damaged to find the place.
  }
  return sealed;
}

export const partitionTargets: readonly Target[] = [
  codecTarget<EntryMeta>({
    name: "partition.entry-meta",
    covers: ["shared/partition/entry-meta.ts#decodeEntryMeta"],
    declared: [StorageCorruptError],
    value: anyMeta,
    encode: (meta) => encodeEntryMeta(meta, nowMs),
    decode: (bytes) => {
      const entry = entryOf(bytes);
      const meta = decodeEntryMeta(entry);
      const offsets = meta.batches.reduce((sum, { recordCount }) => sum + recordCount, 0);
      if (offsets !== next - position) throw new FuzzFailure(`${offsets} offsets in an entry of ${next - position}`);
      if (meta.batches.some(({ start, length }) => start + length > payloadBytes)) {
        throw new FuzzFailure("a batch is outside of the payload");
      }
      const stable = stableOffsetAfter(entry);
      if (stable > next || (!hasTransactions(entry) && stable !== next)) throw new FuzzFailure(`stable to ${stable}`);
      return meta;
    },
  }),
  codecTarget<SegmentDescriptor>({
    name: "partition.segment-descriptor",
    covers: ["shared/partition/segment-descriptor.ts#decodeSegmentDescriptor"],
    declared: [StorageCorruptError],
    value: anySegment,
    encode: encodeSegmentDescriptor,
    decode: (bytes) => {
      stableOffsetAtEnd(entryOf(bytes));
      return decodeSegmentDescriptor(entryOf(bytes));
    },
  }),
  codecTarget<{ readonly cleanedTo: number; readonly segments: readonly SegmentDescriptor[] }>({
    name: "partition.manifest",
    covers: ["shared/partition/compacted-manifest.ts#decodeManifest"],
    declared: [StorageCorruptError],
    value: (random) => {
      let end = 0;
      const segments = Array.from({ length: random.below(4) }, () => {
        const baseOffset = end + random.below(100);
        const offsets = random.between(4, 50);
        end = baseOffset + offsets;
        return anySegment(random, baseOffset, offsets);
      });
      return { cleanedTo: end + random.below(100), segments };
    },
    encode: ({ cleanedTo, segments }) => encodeManifest(cleanedTo, segments),
    decode: (bytes) => {
      const { cleanedTo, segments } = decodeManifest({ topicId: "topic", partition: 0 }, bytes);
      return { cleanedTo, segments: segments.map(({ descriptor }) => descriptor()) };
    },
    seal: sealEnd,
  }),
  codecTarget<Writers>({
    name: "partition.writers",
    covers: ["shared/partition/writers-codec.ts#decodeWriters"],
    declared: [MalformedBytesError],
    value: anyWriters,
    encode: (writers) => encodeWriters(writers, 0),
    decode: decodeWriters,
    seal: sealEnd,
    shown: writersShown,
  }),
  codecTarget<Writers>({
    name: "partition.checkpoint",
    covers: ["shared/partition/writers-codec.ts#readWriters"],
    declared: [MalformedBytesError],
    value: anyWriters,
    encode: (writers) => {
      const out = new ByteWriter(256);
      writeWriters(out, writers, 0);
      return out.finish();
    },
    decode: (bytes) => readWriters(new ByteReader(bytes)),
    shown: writersShown,
  }),
  codecTarget<PartitionState>({
    name: "partition.tail-state",
    covers: ["shared/partition/partition-state.ts#decodeTailState"],
    declared: [StorageCorruptError],
    value: anyState,
    encode: encodeTailState,
    decode: decodeTailState,
    seal: sealTailState,
    shown: stateShown,
  }),
];
