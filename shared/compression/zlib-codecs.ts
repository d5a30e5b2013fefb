import * as zlib from "node:zlib";
import { zstdFramesMax } from "../limits.ts";
import { DecompressionError } from "../record/compression-type.ts";

/** Output is collected in chunks of this size, which zlib allocates: between what little and what much data need. */
const chunkBytesMin = 4_096;
const chunkBytesMax = 262_144;

export function compressGzip(bytes: Uint8Array): Uint8Array {
  return plain(zlib.gzipSync(bytes));
}

/** @throws DecompressionError */
export function decompressGzip(bytes: Uint8Array, bytesMax: number): Uint8Array {
  const output = decompressBounded("gzip", bytesMax, () => zlib.gunzipSync(bytes, options(bytes, bytesMax)));
  if (output.length > bytesMax) throw tooLarge("gzip", bytesMax);
  return plain(output);
}

/** Whether this runtime has zstd: Node 22.15, 23.8 and later do. */
function isZstdAvailable(): boolean {
  return typeof zlib.zstdDecompressSync === "function";
}

/** @throws DecompressionError with kind "unsupported" on a runtime without zstd */
export function compressZstd(bytes: Uint8Array): Uint8Array {
  requireZstd();
  return plain(zlib.zstdCompressSync(bytes));
}

/** @throws DecompressionError */
export function decompressZstd(bytes: Uint8Array, bytesMax: number): Uint8Array {
  requireZstd();
  const frames: Uint8Array[] = [];
  let size = 0;
  let at = 0;
  // Node's decoder stops behind the first frame, even a skippable one, and says nothing of the rest.
  do {
    if (frames.length === zstdFramesMax) throw new DecompressionError("corrupt", `zstd: over ${zstdFramesMax} frames`);
    const rest = bytes.subarray(at);
    const settings = { ...options(rest, bytesMax - size), info: true };
    const { buffer, engine } = decompressBounded("zstd", bytesMax, () => {
      return zlib.zstdDecompressSync(rest, settings) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    });
    size += buffer.length;
    if (size > bytesMax) throw tooLarge("zstd", bytesMax);
    if (engine.bytesWritten <= 0) throw new DecompressionError("corrupt", "zstd: empty frame");
    frames.push(buffer);
    at += engine.bytesWritten;
  } while (at < bytes.length);
  return frames.length === 1 && frames[0] !== undefined ? plain(frames[0]) : plain(Buffer.concat(frames, size));
}

function options(bytes: Uint8Array, bytesMax: number): { maxOutputLength: number; chunkSize: number } {
  return {
    // zlib takes no bound of 0, so the caller checks again.
    maxOutputLength: Math.max(1, bytesMax),
    chunkSize: Math.min(Math.max(bytes.length * 4, chunkBytesMin), chunkBytesMax),
  };
}

function decompressBounded<Output>(codec: string, bytesMax: number, decompress: () => Output): Output {
  try {
    return decompress();
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    if ("code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(codec, bytesMax, cause);
    throw new DecompressionError("corrupt", `${codec}: ${cause.message}`, { cause });
  }
}

function requireZstd(): void {
  if (isZstdAvailable()) return;
  throw new DecompressionError("unsupported", `zstd needs Node 22.15 or later, this is ${process.version}`);
}

function tooLarge(codec: string, bytesMax: number, cause?: unknown): DecompressionError {
  return new DecompressionError("too-large", `${codec}: more than ${bytesMax} bytes`, { cause });
}

/** A Buffer's `slice` is a view, which is not what those who hold a Uint8Array expect. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
