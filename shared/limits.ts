/** Every limit in one place, each with its reason. Units stand at the end of the names. */

// ---- Entries of a log ----

/** Inline payload of one entry: leaves 50 KB of DynamoDB's 400 KB item for meta, keys and the table of batches. */
export const inlinePayloadBytesMax = 350_000;
/** Default of `streamkeeper.inline.max.bytes`. By reference is cheaper from 9 KB on, inline is 4 to 10 times faster. */
export const inlinePayloadBytesDefault = 16_384;
/** Meta of one entry: with the largest inline payload it must still fit an item of 400 KB. */
export const entryMetaBytesMax = 40_000;
/** Payload of one entry by reference: bounds what one reader must hold to serve one batch of it. */
export const entryPayloadBytesMax = 8 * 1024 * 1024;
/** Batches in one entry: bounds its meta (at most about 60 bytes a batch). */
export const entryBatchesMax = 500;
/** Puts that one append may try before it answers that the log is too contended. Each is a round trip. */
export const appendAttemptsMax = 200;
/** Times that the same entry is put again or read back after an unclear answer, before the outcome is reported unknown. */
export const ambiguityProbesMax = 4;
/** Back-off after a lost race, doubled each time, with full jitter. */
export const appendBackoffMsMin = 2;
export const appendBackoffMsMax = 200;
/** Entries and bytes that one catch-up query asks for. DynamoDB ends a page at 1 MB anyway. */
export const catchUpEntriesMax = 1_000;
export const catchUpBytesMax = 1_048_576;

// ---- Record batches (Kafka's defaults where it has one) ----

/** Kafka's `max.message.bytes` default: the largest batch a topic takes unless it is configured otherwise. */
export const messageBytesDefault = 1_048_588;
/** Ceiling of `max.message.bytes`: one batch must fit one entry. */
export const messageBytesMax = entryPayloadBytesMax;
/** Uncompressed bytes of one batch, whatever its codec (decompression bombs). */
export const decompressedBatchBytesMax = 64 * 1024 * 1024;
/** Records in one batch: a batch of the largest size holds at most about this many of the smallest records. */
export const batchRecordsMax = 1_000_000;
/** Headers of one record. */
export const recordHeadersMax = 1_000;

// ---- Producers ----

/** Batches per producer that a partition remembers; Kafka's number. */
export const producerBatchesKept = 5;
/** A producer that was silent this long is forgotten; Kafka's `producer.id.expiration.ms`. */
export const producerExpiryMs = 86_400_000;
/** Producers that one partition remembers; beyond it the longest silent one is forgotten. About 2.5 MB of table. */
export const producersPerPartitionMax = 20_000;

// ---- Names, topics, namespaces ----

/** Kafka's limit: a name and a partition's suffix must fit a file name. */
export const topicNameCharsMax = 249;
export const namespaceNameCharsMax = 63;
/** Partitions of one topic. */
export const partitionsPerTopicMax = 10_000;
/** Oldest topic metadata that a process may act on (DESIGN section 5). */
export const topicCacheMsMax = 5_000;

// ---- Requests ----

/** Body of one HTTP request; Lambda takes 6 MB of which base64 leaves 4.5 MB, the local server takes this. */
export const requestBodyBytesMax = 10 * 1024 * 1024;
/** Records in one JSON produce request. */
export const requestRecordsMax = 100_000;
/** Key of one record: kept small enough that hashing and headers stay cheap; Kafka bounds it by the batch only. */
export const recordKeyBytesMax = 1_048_576;
/** Answer to one fetch. */
export const fetchBytesMax = 8 * 1024 * 1024;
export const fetchBytesDefault = 1_048_576;
export const fetchRecordsMax = 100_000;
/** Longest long poll: an HTTP API ends a request at 30 s. */
export const fetchWaitMsMax = 25_000;
/** Appends that may wait for one partition's writer in one process; beyond it the caller is asked to slow down. */
export const appendQueueRequestsMax = 2_000;
export const appendQueueBytesMax = 64 * 1024 * 1024;

// ---- The znode tree ----

/** Data of one znode, exclusive as in ZooKeeper's jute.maxbuffer (1,048,575 bytes). */
export const znodeDataBytesMax = 1_048_575;
export const znodePathCharsMax = 4_096;
export const multiOperationsMax = 1_000;
/** Retried tree writes that are recognised by their idempotency key. */
export const idempotencyKeysKept = 10_000;
export const idempotencyKeyCharsMax = 128;

// ---- Segments ----

export const segmentBytesTarget = 64 * 1024 * 1024;
export const segmentAgeMsMax = 600_000;
export const segmentEntriesMax = 20_000;
/** One entry of the offset index per this many bytes: what a sealed fetch may read too much. */
export const segmentIndexIntervalBytes = 65_536;

// ---- Lists and configuration in the HTTP API ----

/** Items of one page: bounds an answer to about 300 KB of topic summaries. */
export const pageItemsMax = 1_000;
export const pageItemsDefault = 100;
/** A token holds one name and a little more; the request line must stay below 10 KB. */
export const nextTokenCharsMax = 2_048;
/** Kafka has about 40 topic keys; the whole configuration must fit one znode and one item. */
export const topicConfigKeysMax = 100;
export const topicConfigValueCharsMax = 1_024;
