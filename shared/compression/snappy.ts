import * as snappyjs from "snappyjs";
import { DecompressionError } from "../record/compression-type.ts";
import { decompressSnappyBlock, snappyBlockLength } from "./snappy-block.ts";

/** Header of snappy-java's stream (xerial framing): magic, version 1 and least compatible version 1, big-endian. */
const xerialHeader = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1);
const xerialMagicBytes = 8;
/** The header's first 4 bytes, which stand where a block's length does if streams follow each other. */
const xerialMagicHead = 0x8253_4e41 | 0;
/** Block size of snappy-java's SnappyOutputStream. */
const xerialBlockBytes = 32_768;

/** Compresses to snappy-java's stream format, which Kafka's Java client writes and every client reads. */
export function compressSnappy(bytes: Uint8Array): Uint8Array {
  const blocks: Uint8Array[] = [];
  let size = xerialHeader.length;
  for (let start = 0; start < bytes.length; start += xerialBlockBytes) {
    const block = snappyjs.compress(bytes.subarray(start, start + xerialBlockBytes));
    blocks.push(block);
    size += 4 + block.length;
  }
  const target = new Uint8Array(size);
  const view = new DataView(target.buffer);
  target.set(xerialHeader);
  let at = xerialHeader.length;
  for (const block of blocks) {
    view.setInt32(at, block.length);
    target.set(block, at + 4);
    at += 4 + block.length;
  }
  return target;
}

/**
 * Decompresses snappy-java's stream format (Java clients) or one raw block (librdkafka) to at most `bytesMax` bytes.
 * @throws DecompressionError
 */
export function decompressSnappy(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const blocks = isXerial(bytes) ? xerialBlocks(bytes) : [bytes];
  let size = 0;
  for (const block of blocks) {
    size += snappyBlockLength(block);
    if (size > bytesMax) throw new DecompressionError("too-large", `snappy: more than ${bytesMax} bytes`);
  }
  const target = new Uint8Array(size);
  let at = 0;
  for (const block of blocks) at = decompressSnappyBlock(block, target, at);
  return target;
}

function isXerial(bytes: Uint8Array): boolean {
  if (bytes.length < xerialHeader.length) return false;
  for (let index = 0; index < xerialMagicBytes; index += 1) if (bytes[index] !== xerialHeader[index]) return false;
  return true;
}

function xerialBlocks(bytes: Uint8Array): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocks: Uint8Array[] = [];
  let at = xerialHeader.length;
  while (at < bytes.length) {
    if (bytes.length - at < 4) throw new DecompressionError("corrupt", "snappy: block length is cut off");
    const length = view.getInt32(at);
    if (length === xerialMagicHead && isXerial(bytes.subarray(at))) {
      at += xerialHeader.length;
      continue;
    }
    at += 4;
    if (length <= 0 || length > bytes.length - at) {
      throw new DecompressionError("corrupt", `snappy: block of ${length} bytes`);
    }
    blocks.push(bytes.subarray(at, at + length));
    at += length;
  }
  return blocks;
}
