/** Every limit in one place, each with its reason. Units stand at the end of the names. */

// ---- Entries of a log ----

/** Inline payload of one entry: leaves 50 KB of DynamoDB's 400 KB item for meta, keys and the table of batches. */
export const inlinePayloadBytesMax = 350_000;
/** Default of `streamkeeper.inline.max.bytes`. By reference is cheaper from 9 KB on, inline is 4 to 10 times faster. */
export const inlinePayloadBytesDefault = 16_384;
/** The same on the embedded store: nobody is billed, and a blob is a file of its own with a sync of its own. */
export const embeddedInlinePayloadBytes = inlinePayloadBytesMax;
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

/** Producer ids that one process takes at a time; what it does not use is never given again. Kafka's size of a block. */
export const producerIdBlock = 1_000;
/** Idempotency keys that one partition remembers, and for how long: a client retries for seconds, not hours. */
export const partitionKeysKept = 1_000;
export const partitionKeyExpiryMs = 300_000;
/** A producer table up to this size is in every entry: a cold writer then needs one request. Half a write unit. */
export const producerTableInlineBytesMax = 512;
/** A producer table up to this size is put into an entry's meta at every checkpoint; a larger one into a blob. */
export const producerTableMetaBytesMax = 12_000;
/** Entries and bytes between two checkpoints of the producer table: what a cold writer reads again, one page of a query. */
export const checkpointEntriesMax = 256;
export const checkpointBytesMax = 900_000;

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
/** Partitions whose writer and reader one process keeps; beyond it the longest unused is rebuilt when it is asked for. */
export const openPartitionsMax = 2_000;
/** An append that was not answered by then is reported unknown; an HTTP API ends a request at 30 s. */
export const appendWaitMsMax = 25_000;
/** How often a long poll looks by itself, growing from the one to the other: a hint usually comes first. */
export const pollMsMin = 50;
export const pollMsMax = 1_000;

// ---- The znode tree ----

/** Data of one znode, exclusive as in ZooKeeper's jute.maxbuffer (1,048,575 bytes). */
export const znodeDataBytesMax = 1_048_575;
export const znodePathCharsMax = 4_096;
/** Operations of one multi through HTTP, whose results must fit an answer. */
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
/** JSON body of any request that carries no records: holds the largest configuration, escaped. */
export const metadataBodyBytesMax = 1_048_576;

// ---- The AWS adapter ----

/** Times that one request is sent; the SDK's own default. What is not answered by then is reported, not repeated. */
export const awsAttemptsMax = 3;
/** Back-off between them, doubled each time, with full jitter. */
export const awsBackoffMsMin = 25;
export const awsBackoffMsMax = 400;
/** A connection inside a region is there within a few ms; beyond this the endpoint is gone. */
export const awsConnectMsMax = 1_000;
/** DynamoDB answers within 100 ms at p99.9; 5 s is only reached when the answer will not come. */
export const dynamoDbRequestMsMax = 5_000;
/** The time to send a segment of 64 MiB, or to wait for the next bytes of one, over a slow link. */
export const s3RequestMsMax = 30_000;
export const sqsRequestMsMax = 5_000;
/** Connections of one client; each carries one request at a time. */
export const awsConnectionsMax = 256;
/** A connection that was idle this long is not used again: a frozen function does not notice that its peer hung up. */
export const awsConnectionIdleMsMax = 20_000;
/** DynamoDB's limit of one item, with the names of its attributes. */
export const dynamoDbItemBytesMax = 409_600;
export const dynamoDbPartitionKeyBytesMax = 2_048;
export const dynamoDbSortKeyBytesMax = 1_024;
/** DynamoDB's limit of one expression: about 450 attributes in one update. */
export const dynamoDbExpressionBytesMax = 4_096;
/** DynamoDB's limit of one BatchWriteItem. */
export const dynamoDbBatchWritesMax = 25;
/** S3's limits of one DeleteObjects and of one page of ListObjectsV2. */
export const s3KeysPerRequestMax = 1_000;
/** SQS delays a message by 15 minutes at most. */
export const sqsDelaySecondsMax = 900;
/** Lifetimes on AWS (invariants 4 and 9): each is at least ten times the next, and grace is far above a function's 15 minutes. */
export const hotEntryMsDefault = 24 * 3_600_000;
export const graceMsDefault = 2 * 3_600_000;
export const tailEvidenceMsDefault = 60_000;
/** A new table is active within seconds, on an emulator at once. */
export const tableCreationProbesMax = 600;
export const tableCreationProbeMs = 100;

// ---- Codecs ----

/** Frames of one zstd stream: a producer's flush may end one, but each costs a decoder of its own (12 µs). */
export const zstdFramesMax = 1_000;

// ---- Environment of a process ----

/** Callers that one process lets wait for hints, each with a timer: more than a long-polling server has connections. */
export const notifierWaitersMax = 5_000;
/** Logs whose last hint is remembered: about 2 MB; a hint that was forgotten costs a wait, never data. */
export const notifierHintsMax = 20_000;
/** Background duties that one process keeps waiting, each with a timer: two for each of 10,000 partitions. */
export const pendingDutiesMax = 20_000;
/** Of duties that are due at a time, each with a timer: one for each session of a full tree, which its heartbeats put off. */
export const pendingTimedDutiesMax = 110_000;

// ---- Storage ports ----

/** Longest log id; real ones are about 90 characters. With its position it must fit LMDB's key of 1,978 bytes as UTF-8. */
export const logIdCharsMax = 512;
/** Longest attempt id; ours are 22 characters. */
export const attemptCharsMax = 64;
/** Partition and sort key of an item: DynamoDB takes 2,048 and 1,024 bytes, LMDB 1,978 for both as UTF-8. */
export const itemPartitionCharsMax = 512;
export const itemSortCharsMax = 512;
/** S3's limit of one key. */
export const blobKeyCharsMax = 1_024;
/** One part of a blob key is a file name, of 255 bytes at most. */
export const blobKeySegmentCharsMax = 250;
/** S3's limit of one DeleteObjects. */
export const deleteKeysMax = 1_000;
/** S3's limit of one page of ListObjectsV2; items follow it. */
export const listLimitMax = 1_000;

// ---- Simulation ----

/** Events of one simulated run: beyond it something goes round in circles. */
export const simulatedEventsMax = 5_000_000;

// ---- The local server ----

/** Bodies that are held at the same time: 25 of the largest. */
export const localBodyBytesInFlightMax = 256 * 1024 * 1024;
/** Open connections; each idle one costs about 10 KB. */
export const localConnectionsMax = 2_048;
/** Request line and headers; API Gateway takes 10 KB. */
export const localHeaderBytesMax = 16_384;
/** Time to send the headers, and the whole request: the largest body at 90 KB/s. Also the longest silence of a connection. */
export const localHeadersMsMax = 10_000;
export const localRequestMsMax = 120_000;
/** Longer than clients and proxies keep idle connections (60 s), so that it is they who close. */
export const localConnectionIdleMsMax = 65_000;
/** How long a closing server lets requests finish: an append and its retries. */
export const localCloseMsMax = 10_000;
export const localCloseProbeMs = 50;
/** How often the local server looks for duties that a lost wake-up left. */
export const localSweepMs = 60_000;

// ---- The znode tree, its log and its snapshots ----

/** One request with all its operations: well inside an entry, and what every follower must load. ZooKeeper takes 1 MiB. */
export const treeRequestBytesMax = 4 * 1024 * 1024;
/** Its operations: as many of the smallest, a check of `/`, as a frame of ZooKeeper's `jute.maxbuffer` holds. About 0.2 s to plan. */
export const treeOperationsMax = 58_253;
/** Transactions that are committed as one entry: bounds the time to plan it again after a lost race (about 5 ms). */
export const treeEntryTransactionsMax = 1_000;
/** Transactions up to this size stand in the entry itself; larger ones (large znodes) go by reference. */
export const treeInlineBytesMax = 300_000;
/** Writes that may wait for one tree in one process; beyond it the caller is asked to slow down. */
export const treeQueueRequestsMax = 5_000;
export const treeQueueBytesMax = 64 * 1024 * 1024;
/** Answers that are remembered by idempotency key, together: those of 10,000 requests of a few operations. */
export const idempotencyResultBytesMax = 4 * 1024 * 1024;
/** What a cold follower replays at most, about four pages of a query, when snapshots keep up. */
export const snapshotTransactionsMax = 1_000;
export const snapshotLogBytesMax = 4 * 1024 * 1024;
export const snapshotPartOfTree = 0.25;
/** Bytes of a snapshot that are encoded before others may run: about 2 ms. */
export const snapshotChunkBytesTarget = 262_144;
/** Snapshots that a cold follower tries, the latest first, when one is missing or damaged. */
export const snapshotCandidatesMax = 3;
/** Pages that a replay reads at most: 10 GB of log, far beyond what a snapshot leaves. */
export const treeReplayPagesMax = 10_000;
/** Reads of the same page while entries before others are missing from it (invariant 6). */
export const treeGapReadsMax = 8;
/** How long the transactions of a tree can be replayed to who watches it (DESIGN section 4). */
export const treeLogKeptMs = 7 * 86_400_000;
/** Entries that one round of tidying trims at most from one log. */
export const treeTrimEntriesMax = 20_000;
/** Pages of blobs that one round of tidying looks at. */
export const treeTidyPagesMax = 100;
/** Trees that one process holds in memory; beyond it the one longest unused is dropped. */
export const treesPerProcessMax = 64;

// ---- The embedded store ----

/** LMDB's limit of one key with pages of 4 KiB. */
export const embeddedKeyBytesMax = 1_978;
/** Address space that LMDB's file is mapped to at first; it grows when the file does. Costs no memory and no disk. */
export const embeddedMapBytes = 64 * 2 ** 30;
/** Writes and bytes of one commit: bounds what a caller waits for, and how long the event loop stands still (about 10 ms). */
export const commitWritesMax = 1_000;
export const commitBytesMax = 16 * 1024 * 1024;
/** Writes and bytes that may wait for a commit; beyond it callers are asked to slow down. */
export const commitQueueWritesMax = 20_000;
export const commitQueueBytesMax = 256 * 1024 * 1024;
/** Entries that one commit trims. */
export const trimBatchEntriesMax = 500;
/** Blobs written at once: as many as Node has threads for files. With more, LMDB's commits wait twice as long among them. */
export const blobWritesAtOnceMax = 4;
/** Blobs that may wait to be written; each is at most 8 MiB by entries, and their owners bound the bytes. */
export const blobPutsWaitingMax = 2_000;
/** Blob folders known to be durable; beyond it they are looked at again. */
export const blobFoldersKnownMax = 10_000;
/** Items that one step of the sweep of expired ones looks at: about 5 ms. */
export const expirySweepItemsMax = 500;
export const expirySweepMs = 3_600_000;
/** Long enough for a laptop to sleep over a weekend without refusing produce when it wakes. */
export const embeddedHotEntryMs = 72 * 3_600_000;
/** One process writes and deletes; nothing outlives it but what clients hold. */
export const embeddedGraceMs = 10 * 60_000;
export const embeddedTailEvidenceMsMax = 60_000;

// ---- Topic metadata in a process ----

/** Topics that one process remembers, found or not: about 10 MB with their configurations. */
export const topicCacheEntriesMax = 10_000;
/** How long it is remembered that a topic was not there: a flood of unknown names costs one read of the tree a second each. */
export const topicNegativeCacheMs = 1_000;
/** Times that a change of a topic or namespace is decided anew because another one came first. */
export const topicWriteAttemptsMax = 20;
/** Times that a topic's projection is written anew because another process wrote it meanwhile, or the store failed. */
export const projectionAttemptsMax = 5;

// ---- Background duties ----

/** One sweep on AWS has 15 minutes; what it does not reach, the next one does. */
export const sweepMsMax = 600_000;
/** Partitions of one sweep: at 25 ms each, four at a time, they take 5 minutes. */
export const sweepPartitionsMax = 50_000;
/** Topics whose settings one process remembers for its background duties. */
export const topicSettingsKeptMax = 20_000;
/** Pages of topics that one round of healing projections goes through: a million topics. */
export const healPagesMax = 1_000;

// ---- Sessions, access control, changes ----

/** Rows of one access control list, and characters of a row's id: a list is a few hundred bytes in every tree. */
export const aclRowsMax = 64;
export const aclTextCharsMax = 512;
/** Different lists of one tree: they are never forgotten, because znodes and their history name them by number. */
export const aclListsMax = 50_000;
/** 40 bits, as ZooKeeper's `EphemeralType` has them. */
export const znodeTtlMsMax = 2 ** 40 - 1;
/** Open sessions of one tree, and ephemerals of one session: what its end removes in one transaction. */
export const treeSessionsMax = 100_000;
export const ephemeralsPerSessionMax = 10_000;
export const sessionPasswordBytes = 16;
/** Transactions whose events a process remembers for watchers; older ones are read from the log. About 10 MB. */
export const recentChangesMax = 20_000;
export const recentChangesCharsMax = 4 * 1024 * 1024;
/** Callers that wait for one tree in one process. */
export const treeWaitersMax = 10_000;
/** Events of one answer; those of one zxid stay together, so there may be more. */
export const changesLimitMax = 10_000;
export const changesLimitDefault = 1_000;
/** Names of children that one process keeps sorted, so that a page of a million does not sort them again: about 100 MB. */
export const sortedNamesKept = 2_000_000;
/** Fewer are sorted when they are asked for. */
export const sortedNamesMin = 2_000;
/** How long a container stays that has lost its last child; ZooKeeper's `znode.container.checkIntervalMs`. */
export const containerCheckMs = 60_000;
/** Earliest look at znodes with a TTL: an SQS message is delayed by whole seconds. */
export const expiryDelayMsMin = 100;
/** Znodes that one look deletes; the rest by the next. */
export const expiredZnodesPerRound = 1_000;
/** Children that one operation of a multiRead answers: about 1 MB. */
export const multiReadChildrenMax = 10_000;
/** What an answer of a multiRead holds in data and names. */
export const multiReadBytesMax = 2 * 1024 * 1024;
/** Pages of the log that one call reads for changes that the process does not remember. */
export const oldChangesPagesMax = 4;
/** Timeouts that a session may have. Below a second the heartbeats of a function's client would not keep up. */
export const sessionTimeoutMsMin = 1_000;
export const sessionTimeoutMsMax = 600_000;
export const sessionTimeoutMsDefault = 10_000;
/** What the clocks of two servers may differ by. */
export const sessionSkewMs = 250;
/** Times that a change of a lease is sent until it is answered; each waits for as long as the store may take. */
export const leaseTriesMax = 3;
/** Ids that are tried for a new session; one of 2^42 is taken seldom. */
export const sessionCreationsMax = 5;
/** Times that a reaper finds the lease changed under it, and when it looks again after that or after a failure. */
export const reapAttemptsMax = 5;
export const reapRetryMs = 1_000;
/** Sessions that a sweep ends at the same time. */
export const sessionsAtOnce = 16;
/** Pages of leases that one sweep of a namespace goes through: a million sessions. */
export const sessionSweepPagesMax = 1_000;

// ---- Elections and locks ----

/** Names of locks and elections, and ids of contenders: parts of a znode's name. */
export const lineNameCharsMax = 128;
export const contenderIdCharsMax = 64;
/** Times that a contender finds the line's container gone, or created by another, before it is in line. */
export const contendAttemptsMax = 10;
/** JSON body of a write to znodes: 4 MiB of data as base64, and their names. */
export const znodeBodyBytesMax = 6 * 1024 * 1024;
/** Proofs of identity in one request. */
export const authProofsMax = 8;
/** Entries that a search for a time looks at: halving 2^53 positions takes 53. */
export const readAtProbesMax = 64;

// ---- The command line ----

/** How long a command that is asked to end, because its lock or its lead is lost, may take; the session is over by then. */
export const commandStopMsMax = 10_000;
/** Znodes of one multi of an import, and bytes of their data. */
export const importOperationsMax = 200;
export const importBytesMax = 1_048_576;
/** Znodes that `znode tree` draws, and characters of data beside each. */
export const drawnZnodesMax = 10_000;
export const drawnDataCharsMax = 60;
/** Times that a change of a place in line is sent while its outcome is unclear; each is a put that was repeated already. */
export const placeTriesMax = 3;

// ---- Background duties under an election ----

/** How soon another process does the duties when the one that did them is gone. */
export const dutySessionTimeoutMs = 10_000;
/** After a session that was lost or could not be opened. */
export const dutyElectionRetryMs = 1_000;
