import { DecompressionError, type CompressionType } from "../record/compression-type.ts";
import { compressLz4, decompressLz4 } from "./lz4-frame.ts";
import { compressSnappy, decompressSnappy } from "./snappy.ts";
import { compressGzip, compressZstd, decompressGzip, decompressZstd } from "./zlib-codecs.ts";

/**
 * Compresses `bytes` in the format that Kafka's Java client writes for that type; "none" gives the same array back.
 * @throws DecompressionError with kind "unsupported" for zstd on a runtime without it
 */
export function compress(type: CompressionType, bytes: Uint8Array): Uint8Array {
  switch (type) {
    case "none":
      return bytes;
    case "gzip":
      return compressGzip(bytes);
    case "snappy":
      return compressSnappy(bytes);
    case "lz4":
      return compressLz4(bytes);
    case "zstd":
      return compressZstd(bytes);
  }
}

/**
 * Decompresses what any Kafka client may have compressed. Never allocates much more than `bytesMax`, whatever the
 * bytes claim to hold; "none" gives the same array back.
 * @throws DecompressionError with kind "too-large" above `bytesMax` bytes, "corrupt" if the bytes are damaged, and
 *   "unsupported" for zstd on a runtime without it
 */
export function decompress(type: CompressionType, bytes: Uint8Array, bytesMax: number): Uint8Array {
  switch (type) {
    case "none":
      if (bytes.length > bytesMax) throw new DecompressionError("too-large", `more than ${bytesMax} bytes`);
      return bytes;
    case "gzip":
      return decompressGzip(bytes, bytesMax);
    case "snappy":
      return decompressSnappy(bytes, bytesMax);
    case "lz4":
      return decompressLz4(bytes, bytesMax);
    case "zstd":
      return decompressZstd(bytes, bytesMax);
  }
}
