/**
 * What Prometheus is told of each metric. Kafka's have the names that its JMX exporter's own rules give them, ZooKeeper's those of
 * its Prometheus provider, lags those of kafka_exporter where it has them: dashboards made for these work.
 */
import type { MetricName } from "./catalogue.ts";

interface PrometheusName {
  readonly name: string;
  readonly help: string;
}

export const prometheusNames: Readonly<Record<MetricName, PrometheusName>> = {
  BytesInPerSec: { name: "kafka_server_brokertopicmetrics_bytesin_total", help: "Bytes of record batches appended" },
  BytesOutPerSec: { name: "kafka_server_brokertopicmetrics_bytesout_total", help: "Bytes of record batches fetched" },
  MessagesInPerSec: { name: "kafka_server_brokertopicmetrics_messagesin_total", help: "Records appended" },
  RequestsPerSec: { name: "kafka_network_requestmetrics_requests_total", help: "Requests answered" },
  ErrorsPerSec: {
    name: "kafka_network_requestmetrics_errors_total",
    help: "Errors answered, for a request or for a part of it",
  },
  LocalTimeMs: {
    name: "kafka_network_requestmetrics_localtimems",
    help: "Time in ms until a request was answered, without the time that it was asked to wait",
  },
  RemoteTimeMs: {
    name: "kafka_network_requestmetrics_remotetimems",
    help: "Time in ms that a long poll waited, as it was asked to",
  },
  SumOffsetLag: { name: "kafka_consumergroup_lag_sum", help: "Offsets that a group has not read, of a topic" },
  MaxOffsetLag: { name: "kafka_consumergroup_lag_max", help: "Offsets not read in the topic's partition with most" },
  EstimatedMaxTimeLag: {
    name: "kafka_consumergroup_time_lag_max_seconds",
    help: "Time until the group has read the topic, at its pace",
  },
  OffsetLag: { name: "kafka_consumergroup_lag", help: "Offsets of a partition that a group has not read" },
  EstimatedTimeLag: {
    name: "kafka_consumergroup_time_lag_seconds",
    help: "Time until the group has read the partition, at its pace",
  },
  znode_count: { name: "znode_count", help: "Znodes of a namespace's tree" },
  ephemerals_count: { name: "ephemerals_count", help: "Znodes that end with a session" },
  approximate_data_size: { name: "approximate_data_size", help: "Bytes of paths and data of a namespace's tree" },
  global_sessions: { name: "global_sessions", help: "Sessions of a namespace's tree" },
  watch_count: {
    name: "watch_count",
    help: "Watches of a namespace's tree, and requests over HTTP that wait for its changes",
  },
  outstanding_requests: { name: "outstanding_requests", help: "Requests being served" },
  num_alive_connections: { name: "num_alive_connections", help: "Open connections" },
  OldestUnsealedAge: {
    name: "streamkeeper_oldest_unsealed_age_seconds",
    help: "Age of the oldest entry that no segment holds",
  },
  SealingLag: { name: "streamkeeper_sealing_lag_seconds", help: "How long the oldest entry has been due for sealing" },
  UnsealedRefusals: {
    name: "streamkeeper_unsealed_refusals_total",
    help: "Appends refused because sealing is too far behind",
  },
  SegmentsSealed: { name: "streamkeeper_segments_sealed_total", help: "Segments made of hot entries" },
  DeadLetters: { name: "streamkeeper_dead_letters_total", help: "Records that share groups put aside as dead" },
  DutyFailures: { name: "streamkeeper_duty_failures_total", help: "Background duties that failed" },
  StorageRequests: { name: "streamkeeper_storage_requests_total", help: "Requests to the storage" },
  StorageRetries: { name: "streamkeeper_storage_retries_total", help: "Requests sent to the storage again" },
  StorageThrottles: { name: "streamkeeper_storage_throttles_total", help: "Requests that the storage throttled" },
  ColdStarts: { name: "streamkeeper_cold_starts_total", help: "Function containers started" },
};
