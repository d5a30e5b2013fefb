/** Limits of the gateway for Kafka's protocol. */

/** Bytes of a request: Kafka's socket.request.max.bytes is 100 MiB; a produce request holds at most a few entries here. */
export const kafkaRequestBytesMax = 64 * 1024 * 1024;

/** Bytes of a request before its sender is known: what authenticating takes. */
export const kafkaUnauthenticatedRequestBytesMax = 512 * 1024;

/** Items of all arrays of a message: 100,000 partitions with a few fields that are arrays themselves. */
export const messageItemsMax = 1_000_000;

/** Requests of one connection that are read and not answered: clients have 5 to some dozens, and wait for the rest. */
export const connectionRequestsMax = 64;

/** Bytes of requests of one connection that are not answered: one that is as large as can be, and small ones behind it. */
export const connectionRequestBytesMax = 2 * kafkaRequestBytesMax;

/** Bytes of a request that holds no records: a fetch of 100,000 partitions has half of them. */
export const kafkaPlainRequestBytesMax = 16 * 1024 * 1024;

/** Bytes of a request that a connection without others may send while those of all connections are too many: a heartbeat. */
export const kafkaSmallRequestBytesMax = 64 * 1024;

/** Connections of one gateway. */
export const gatewayConnectionsMax = 10_000;

/** A connection without requests is closed after this, as Kafka's connections.max.idle.ms. */
export const connectionIdleMsMax = 10 * 60_000;

/** Bytes of records in one answer: Kafka's fetch.max.bytes of a broker is 55 MiB. */
export const kafkaFetchBytesMax = 55 * 1024 * 1024;

/** Bytes of records that all fetches of a gateway may have read and not answered, before each reads a batch at a time. */
export const gatewayFetchBytesMax = 256 * 1024 * 1024;

/** Longest wait of a fetch: clients ask for 0.5 to 5 s. */
export const kafkaFetchWaitMsMax = 60_000;

/** Partitions of one Produce request, all of which are worked at beside each other: clients' requests are of 1 MiB. */
export const producePartitionsMax = 10_000;

/** Partitions of one fetch that are waited for at the same time; more than one consumer has of one gateway. */
export const fetchWaitsMax = 1_000;

/**
 * A fetch that waits first looks for what other processes wrote after so many milliseconds for each of its partitions: waiting costs
 * at most 200 reads a second, however many they are. What is written by the process that reads it is heard of at once.
 */
export const fetchPollMsOfPartition = 5;

/** How long a gateway that stops waits for the answers that are under way. */
export const gatewayCloseMsMax = 5_000;

/** Topics that one Metadata request may ask for by name: each may cost a request to the store. */
export const metadataTopicsMax = 10_000;

/** Parts of one request (topics, partitions) that are worked at beside each other. */
export const parallelPartsMax = 16;

/** How often the names of topic ids may be read anew because one was not found. */
export const topicIdsRefreshMs = 1_000;

/** Kafka's own port. */
export const kafkaPortDefault = 9092;

/** Partitions on one page of DescribeTopicPartitions: Kafka's max.request.partition.size.limit. */
export const describedPartitionsMax = 2_000;
