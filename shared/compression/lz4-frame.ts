import { ByteReader } from "../record/byte-reader.ts";
import { DecompressionError } from "../record/compression-type.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import { GrowingOutput } from "./growing-output.ts";
import {
  compressLz4Block,
  decompressLz4Block,
  lz4BlockBound,
  lz4BlockOutputMax,
  lz4EncodedBlockBytesMax,
} from "./lz4-block.ts";
import { xxhash32 } from "./xxhash32.ts";

/**
 * The LZ4 frame format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), as Kafka's clients write and read
 * it in batches of magic 2:
 *
 *     magic u32, FLG u8, BD u8, [content size u64], header checksum u8,
 *     blocks: size u32 (top bit: not compressed), bytes, [checksum u32]; size 0 ends them,
 *     [content checksum u32]
 *
 * Numbers are little-endian.
 */
const frameMagic = 0x184d_2204;
/** The low 4 bits of a skippable frame's magic are free. */
const skippableMagic = 0x184d_2a50;
const flag = { version: 0xc0, independent: 0x20, blockChecksum: 0x10, contentSize: 0x08, contentChecksum: 0x04 };
const version1 = 0x40;
const flagUnsupported = 0x03;
const blockBytesMaxByCode = new Map([
  [0x40, 65_536],
  [0x50, 262_144],
  [0x60, 1_048_576],
  [0x70, 4_194_304],
]);
const notCompressed = 0x8000_0000;
const frameHeaderBytes = 7;

/** Compresses `bytes` to one frame with independent blocks of 64 KiB and no content checksum, as Kafka's Java client. */
export function compressLz4(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / lz4EncodedBlockBytesMax);
  // A block that does not shrink is stored, so only the block in work needs room to grow.
  const slack = lz4BlockBound(lz4EncodedBlockBytesMax) - lz4EncodedBlockBytesMax;
  const target = new Uint8Array(frameHeaderBytes + bytes.length + blocks * 4 + 4 + slack);
  const view = new DataView(target.buffer);
  view.setUint32(0, frameMagic, true);
  target[4] = version1 | flag.independent;
  target[5] = 0x40;
  target[6] = (xxhash32(target, 4, 6) >>> 8) & 0xff;
  let out = frameHeaderBytes;
  for (let start = 0; start < bytes.length; start += lz4EncodedBlockBytesMax) {
    const end = Math.min(start + lz4EncodedBlockBytesMax, bytes.length);
    const blockStart = out + 4;
    const blockEnd = compressLz4Block(bytes, start, end, target, blockStart);
    if (blockEnd - blockStart < end - start) {
      view.setUint32(out, blockEnd - blockStart, true);
      out = blockEnd;
    } else {
      view.setUint32(out, ((end - start) | notCompressed) >>> 0, true);
      target.set(bytes.subarray(start, end), blockStart);
      out = blockStart + end - start;
    }
  }
  view.setUint32(out, 0, true);
  return target.slice(0, out + 4);
}

/**
 * Decompresses frames that stand one behind the other to at most `bytesMax` bytes; skippable frames are skipped.
 * @throws DecompressionError
 */
export function decompressLz4(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const reader = new ByteReader(bytes);
  const output = new GrowingOutput(bytesMax, "lz4");
  try {
    do {
      const magic = u32(reader);
      if (magic === frameMagic) readFrame(reader, output);
      else if ((magic & ~0x0f) === skippableMagic) reader.skip(u32(reader));
      else throw corrupt(`magic ${magic.toString(16)}`);
    } while (reader.remaining > 0);
  } catch (error) {
    if (error instanceof MalformedBytesError) throw corrupt(error.message, error);
    throw error;
  }
  return output.finish();
}

function readFrame(reader: ByteReader, output: GrowingOutput): void {
  const { flags, blockBytesMax, contentBytes } = readFrameHeader(reader);
  const frameStart = output.position;
  if (contentBytes !== null) output.checkRoom(contentBytes);
  for (let header = u32(reader); header !== 0; header = u32(reader)) {
    const length = (header & ~notCompressed) >>> 0;
    if (length > blockBytesMax) throw corrupt(`block of ${length} bytes`);
    const start = reader.position;
    reader.skip(length);
    if ((flags & flag.blockChecksum) !== 0) checkHash(reader, xxhash32(reader.bytes, start, start + length), "block");
    if ((header & notCompressed) !== 0) output.append(reader.bytes, start, start + length);
    else {
      const windowStart = (flags & flag.independent) === 0 ? frameStart : output.position;
      readBlock(reader.bytes, start, start + length, output, blockBytesMax, windowStart);
    }
  }
  if (contentBytes !== null && output.position - frameStart !== contentBytes) {
    throw corrupt(`${output.position - frameStart} bytes where ${contentBytes} were announced`);
  }
  if ((flags & flag.contentChecksum) !== 0) {
    checkHash(reader, xxhash32(output.bytes, frameStart, output.position), "content");
  }
}

function readFrameHeader(reader: ByteReader): { flags: number; blockBytesMax: number; contentBytes: number | null } {
  const start = reader.position;
  const flags = reader.u8();
  const blockCode = reader.u8();
  if ((flags & flag.version) !== version1 || (flags & flagUnsupported) !== 0) throw corrupt(`flags ${flags}`);
  const blockBytesMax = blockBytesMaxByCode.get(blockCode);
  if (blockBytesMax === undefined) throw corrupt(`block size code ${blockCode}`);
  const contentBytes = (flags & flag.contentSize) === 0 ? null : u32(reader) + u32(reader) * 0x1_0000_0000;
  const hash = (xxhash32(reader.bytes, start, reader.position) >>> 8) & 0xff;
  if (reader.u8() !== hash) throw corrupt("header checksum does not match");
  return { flags, blockBytesMax, contentBytes };
}

function readBlock(
  source: Uint8Array,
  start: number,
  end: number,
  output: GrowingOutput,
  blockBytesMax: number,
  windowStart: number,
): void {
  const at = output.position;
  const blockLimit = Math.min(blockBytesMax, lz4BlockOutputMax(end - start));
  const limit = output.reserveUpTo(blockLimit);
  const outEnd = decompressLz4Block(source, start, end, output.bytes, at, limit, windowStart);
  if (outEnd >= 0) output.position = outEnd;
  else if (limit - at < blockLimit) throw output.tooLarge();
  else throw corrupt("block is larger than its frame allows");
}

function checkHash(reader: ByteReader, hash: number, what: string): void {
  if (u32(reader) !== hash) throw corrupt(`${what} checksum does not match`);
}

function u32(reader: ByteReader): number {
  const value = reader.u32();
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

function corrupt(message: string, cause?: unknown): DecompressionError {
  return new DecompressionError("corrupt", `lz4: ${message}`, { cause });
}
