/**
 * What stands for the segment list below `cleanedTo`: one blob, written by one run.
 *
 *     manifest => version:u8 cleanedTo:varlong segments:varint [segment] crc:u32
 *     segment  => gap:varlong offsets:varlong meta:bytes        as in the segment list, see `segment-descriptor.ts`
 *
 * A segment ends behind its last batch; what lies between two of them holds nothing any more.
 */
import { compactedSegmentsMax } from "../limits/compaction.ts";
import { segmentsLogId } from "../log/log-id.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { crc32c } from "../record/crc32c.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { compactedManifestKey } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import type { CompactionState } from "./compaction-state.ts";
import type { PartitionName } from "./recover-partition.ts";
import { decodeSegmentDescriptor, encodeSegmentDescriptor, type SegmentDescriptor } from "./segment-descriptor.ts";

/** A segment of a manifest. Its index is decoded only for who reads it: a manifest may have thousands. */
export interface CompactedSegment {
  readonly baseOffset: number;
  /** One past its last batch. */
  readonly endOffset: number;
  /** Decodes. @throws StorageCorruptError */
  readonly descriptor: () => SegmentDescriptor;
}

export interface CompactedManifest {
  readonly cleanedTo: number;
  /** In their order; there may be none. */
  readonly segments: readonly CompactedSegment[];
}

const version = 1;
const crcBytes = 4;

export function encodeManifest(cleanedTo: number, segments: readonly SegmentDescriptor[]): Uint8Array {
  const out = new ByteWriter(1_024);
  out.u8(version);
  out.unsignedVarlongSafe(cleanedTo);
  out.unsignedVarint(segments.length);
  let end = 0;
  for (const segment of segments) {
    out.unsignedVarlongSafe(segment.baseOffset - end);
    out.unsignedVarlongSafe(segment.endOffset - segment.baseOffset);
    out.prefixedBytes(encodeSegmentDescriptor(segment));
    end = segment.endOffset;
  }
  out.u32(crc32c(out.finish()));
  return out.finish();
}

/** @throws StorageCorruptError */
export function decodeManifest(name: PartitionName, bytes: Uint8Array): CompactedManifest {
  try {
    return readManifest(name, bytes);
  } catch (cause) {
    if (!(cause instanceof MalformedBytesError)) throw cause;
    throw new StorageCorruptError(`a manifest of ${name.topicId}/${name.partition} does not decode`, { cause });
  }
}

function readManifest(name: PartitionName, bytes: Uint8Array): CompactedManifest {
  const end = bytes.length - crcBytes;
  if (end < 1) throw new MalformedBytesError(`a manifest of ${bytes.length} bytes`);
  const crc = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(end);
  if (crc !== crc32c(bytes, 0, end)) throw new MalformedBytesError("the checksum does not match");
  const from = new ByteReader(bytes, 0, end);
  const found = from.u8();
  if (found !== version) throw new MalformedBytesError(`manifest version ${found}`);
  const cleanedTo = from.unsignedVarlongSafe();
  const count = from.unsignedVarint();
  if (count > compactedSegmentsMax) throw new MalformedBytesError(`${count} segments`);
  const segments: CompactedSegment[] = [];
  let offset = 0;
  for (let index = 0; index < count; index += 1) {
    const baseOffset = offset + from.unsignedVarlongSafe();
    const endOffset = baseOffset + from.unsignedVarlongSafe();
    const meta = from.prefixedBytes();
    segments.push({ baseOffset, endOffset, descriptor: () => descriptorOf(name, baseOffset, endOffset, meta) });
    offset = endOffset;
  }
  from.expectEnd();
  if (offset > cleanedTo) throw new MalformedBytesError(`segments end at ${offset}, cleaned to ${cleanedTo}`);
  return { cleanedTo, segments };
}

function descriptorOf(name: PartitionName, position: number, next: number, meta: Uint8Array): SegmentDescriptor {
  return decodeSegmentDescriptor({
    logId: segmentsLogId(name.topicId, name.partition),
    position,
    next,
    attempt: "",
    appendedAtMs: 0,
    meta,
    payload: { kind: "inline", bytes: new Uint8Array() },
  });
}

/** The first segment that holds something at or after the offset; undefined if nothing is left from there on. */
export function segmentAtOrAfter({ segments }: CompactedManifest, offset: number): CompactedSegment | undefined {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.endOffset ?? Infinity) <= offset) low = middle + 1;
    else high = middle;
  }
  return segments[low];
}

/**
 * The manifest of a run, undefined if its blob is gone: a later run took its place. One request; none if there was no run.
 *
 * @throws StorageCorruptError
 */
export async function loadManifest(
  storage: Storage,
  name: PartitionName,
  { id, cleanedTo }: CompactionState,
): Promise<CompactedManifest | undefined> {
  if (id === undefined) return { cleanedTo: 0, segments: [] };
  const key = compactedManifestKey(name.topicId, name.partition, cleanedTo, id);
  const bytes = await storage.blobs.get(key);
  if (bytes === undefined) return undefined;
  const manifest = decodeManifest(name, bytes);
  if (manifest.cleanedTo !== cleanedTo) throw new StorageCorruptError(`${key} was cleaned to ${manifest.cleanedTo}`);
  return manifest;
}
