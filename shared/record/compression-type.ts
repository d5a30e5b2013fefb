/** How the records of a batch are compressed, by the names of Kafka's `compression.type`. */
export type CompressionType = "none" | "gzip" | "snappy" | "lz4" | "zstd";

/** Each compression type at the index that stands for it in a batch's attributes, bits 0-2. */
export const compressionTypes: readonly CompressionType[] = ["none", "gzip", "snappy", "lz4", "zstd"];

/** Compresses the records of a batch. */
export type Compress = (type: CompressionType, bytes: Uint8Array) => Uint8Array;

/**
 * Decompresses the records of a batch to at most `bytesMax` bytes.
 * @throws DecompressionError
 */
export type Decompress = (type: CompressionType, bytes: Uint8Array, bytesMax: number) => Uint8Array;

/** Compressed bytes that hold more than was allowed, are damaged, or need a codec that this runtime lacks. */
export class DecompressionError extends Error {
  override readonly name = "DecompressionError";
  readonly kind: "too-large" | "corrupt" | "unsupported";

  constructor(kind: DecompressionError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
