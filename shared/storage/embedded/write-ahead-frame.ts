/**
 * How a commit lies in the write-ahead log:
 *
 *     mark, 8 bytes | generation, 6 bytes | sequence, u32 | frames of the generation before, u32 | bytes of the body, u32
 *     | CRC-32 of what is above and of the body, u32 | body
 *
 * all big-endian. The body is one write after the other: table, u8, with 0x80 for one that deletes | key, bytes |
 * value, bytes, if there is one. A frame is true as a whole or not at all. The mark is a random one of the folder's own:
 * values lie in the log as their writers sent them, and nobody can send one that looks like a frame.
 */
import { crc32 } from "node:zlib";
import { ByteReader } from "../../record/byte-reader.ts";
import { ByteWriter } from "../../record/byte-writer.ts";
import { MalformedBytesError } from "../../record/malformed-bytes-error.ts";
import type { PendingWrite } from "./pending-writes.ts";

export interface FrameNumbers {
  /** `frameMarkBytes` that nobody outside knows. */
  readonly mark: Buffer;
  /** Counts up whenever what came before is in LMDB, or is on its way there. */
  readonly generation: number;
  /** Number of the frame in its generation, from 0. */
  readonly sequence: number;
  /** Frames that the generation before this one has. */
  readonly previousFrames: number;
}

export interface Frame extends Omit<FrameNumbers, "mark"> {
  readonly writes: readonly PendingWrite[];
  /** Where it ends. */
  readonly end: number;
}

export const frameMarkBytes = 8;
const generationAt = frameMarkBytes;
const sequenceAt = 14;
const previousFramesAt = 18;
const bodyBytesAt = 22;
const checksumAt = 26;
const headerBytes = 30;
const deletes = 0x80;

export function encodeFrame(numbers: FrameNumbers, writes: Iterable<PendingWrite>, bytes: number): Buffer {
  const writer = new ByteWriter(headerBytes + bytes + 64);
  writer.reserve(headerBytes);
  for (const { table, key, value } of writes) {
    writer.u8(value === undefined ? table | deletes : table);
    writer.prefixedBytes(key);
    if (value !== undefined) writer.prefixedBytes(value);
  }
  const { buffer, byteOffset, byteLength } = writer.finish();
  const frame = Buffer.from(buffer, byteOffset, byteLength);
  numbers.mark.copy(frame);
  frame.writeUIntBE(numbers.generation, generationAt, 6);
  frame.writeUInt32BE(numbers.sequence, sequenceAt);
  frame.writeUInt32BE(numbers.previousFrames, previousFramesAt);
  frame.writeUInt32BE(byteLength - headerBytes, bodyBytesAt);
  frame.writeUInt32BE(checksumOf(frame, byteLength), checksumAt);
  return frame;
}

/** The frame that starts at `start`; undefined if there is none, or not all of it. */
export function readFrame(mark: Buffer, file: Buffer, start: number): Frame | undefined {
  if (file.length - start < headerBytes || file.compare(mark, 0, mark.length, start, start + mark.length) !== 0)
    return undefined;
  const end = start + headerBytes + file.readUInt32BE(start + bodyBytesAt);
  if (end > file.length) return undefined;
  const frame = file.subarray(start, end);
  if (frame.readUInt32BE(checksumAt) !== checksumOf(frame, frame.length)) return undefined;
  const writes = readWrites(frame);
  if (writes === undefined) return undefined;
  return {
    generation: frame.readUIntBE(generationAt, 6),
    sequence: frame.readUInt32BE(sequenceAt),
    previousFrames: frame.readUInt32BE(previousFramesAt),
    writes,
    end,
  };
}

/** How a frame of the generation starts. */
export function frameStart(mark: Buffer, generation: number): Buffer {
  const start = Buffer.alloc(sequenceAt);
  mark.copy(start);
  start.writeUIntBE(generation, generationAt, 6);
  return start;
}

function readWrites(frame: Buffer): readonly PendingWrite[] | undefined {
  const writes: PendingWrite[] = [];
  const reader = new ByteReader(frame, headerBytes);
  try {
    while (reader.remaining > 0) {
      const first = reader.u8();
      const key = reader.prefixedBytes();
      const value = (first & deletes) === 0 ? bufferOf(reader.prefixedBytes()) : undefined;
      writes.push({ table: first & ~deletes, key, value });
    }
  } catch (cause) {
    if (cause instanceof MalformedBytesError) return undefined;
    throw cause;
  }
  return writes;
}

function bufferOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function checksumOf(frame: Buffer, length: number): number {
  return crc32(frame.subarray(headerBytes, length), crc32(frame.subarray(0, checksumAt)));
}
