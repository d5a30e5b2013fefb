/** Kafka's codecs, in the order of attribute bits 0 to 2 of a RecordBatch v2. */
export const compressionTypes = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

export type CompressionType = (typeof compressionTypes)[number];
