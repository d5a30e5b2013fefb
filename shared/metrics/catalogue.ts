/**
 * Every metric, by the name that Kafka, MSK or ZooKeeper has for it, and one of ours where none has. `docs/metrics.md` is the
 * same table in words.
 *
 * A CloudWatch metric is billed for each combination of dimension values, so only what the level names becomes one;
 * Prometheus gets every label.
 */

/** As MSK's monitoring levels; each has all of the one before. */
export const metricsLevels = ["NONE", "DEFAULT", "PER_TOPIC", "PER_TOPIC_PER_PARTITION"] as const;
export type MetricsLevel = (typeof metricsLevels)[number];

/** CloudWatch's names of units. */
type MetricUnit = "Bytes" | "Count" | "Milliseconds" | "Seconds";

/** A gauge tells how those of several label values become one where the labels are left out. */
type MetricKind = "counter" | "histogram" | "largest" | "total";

/** A metric's labels by which CloudWatch keeps a metric of its own, from a level on. */
interface DimensionSet {
  readonly from: Exclude<MetricsLevel, "NONE">;
  readonly labels: readonly string[];
}

interface MetricDefinition {
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  readonly labels: readonly string[];
  readonly dimensions: readonly DimensionSet[];
}

const everywhere = { from: "DEFAULT", labels: [] } as const;
const perFunction = { from: "DEFAULT", labels: ["function"] } as const;
const perRequest = { from: "PER_TOPIC", labels: ["request"] } as const;
const perTopic = { from: "PER_TOPIC", labels: ["namespace", "topic"] } as const;

const topicTraffic = { kind: "counter", labels: ["namespace", "topic"], dimensions: [everywhere, perTopic] } as const;
const ofRequests = { labels: ["request"], dimensions: [everywhere, perFunction, perRequest] } as const;
const groupLag = {
  kind: "largest",
  labels: ["namespace", "group", "topic"],
  dimensions: [everywhere, { from: "DEFAULT", labels: ["namespace", "group", "topic"] }],
} as const;
const partitionLag = {
  kind: "largest",
  labels: ["namespace", "group", "topic", "partition"],
  dimensions: [{ from: "PER_TOPIC_PER_PARTITION", labels: ["namespace", "group", "topic", "partition"] }],
} as const;
const overall = { labels: [], dimensions: [everywhere] } as const;
const ofLogs = { kind: "largest", labels: ["topicId", "partition"], dimensions: [everywhere] } as const;
const ofPorts = { kind: "total", labels: ["protocol"], dimensions: [everywhere] } as const;
const ofTree = { kind: "total", labels: ["namespace"], dimensions: [everywhere] } as const;

export const metricCatalogue = {
  // Kafka's, of topics and requests
  BytesInPerSec: { ...topicTraffic, unit: "Bytes" },
  BytesOutPerSec: { ...topicTraffic, unit: "Bytes" },
  MessagesInPerSec: { ...topicTraffic, unit: "Count" },
  RequestsPerSec: { ...ofRequests, kind: "counter", unit: "Count" },
  ErrorsPerSec: {
    kind: "counter",
    unit: "Count",
    labels: ["request", "error"],
    dimensions: [everywhere, { from: "DEFAULT", labels: ["error"] }],
  },
  LocalTimeMs: { ...ofRequests, kind: "histogram", unit: "Milliseconds" },
  RemoteTimeMs: { ...ofRequests, kind: "histogram", unit: "Milliseconds" },
  // MSK's, of consumer groups
  SumOffsetLag: { ...groupLag, unit: "Count" },
  MaxOffsetLag: { ...groupLag, unit: "Count" },
  EstimatedMaxTimeLag: { ...groupLag, unit: "Seconds" },
  OffsetLag: { ...partitionLag, unit: "Count" },
  EstimatedTimeLag: { ...partitionLag, unit: "Seconds" },
  // ZooKeeper's
  znode_count: { ...ofTree, unit: "Count" },
  ephemerals_count: { ...ofTree, unit: "Count" },
  approximate_data_size: { ...ofTree, unit: "Bytes" },
  global_sessions: { ...ofTree, unit: "Count" },
  watch_count: { ...ofTree, labels: ["namespace", "protocol"], unit: "Count" },
  outstanding_requests: { ...ofPorts, unit: "Count" },
  num_alive_connections: { ...ofPorts, unit: "Count" },
  // Ours: neither has sealing, storage that is asked for by the request, or functions
  OldestUnsealedAge: { ...ofLogs, unit: "Seconds" },
  SealingLag: { ...ofLogs, unit: "Seconds" },
  UnsealedRefusals: { ...overall, kind: "counter", unit: "Count" },
  SegmentsSealed: { ...overall, kind: "counter", unit: "Count" },
  DeadLetters: {
    kind: "counter",
    unit: "Count",
    labels: ["namespace", "group"],
    dimensions: [everywhere, { from: "PER_TOPIC", labels: ["namespace", "group"] }],
  },
  DutyFailures: { kind: "counter", unit: "Count", labels: ["duty"], dimensions: [everywhere] },
  StorageRequests: {
    kind: "counter",
    unit: "Count",
    labels: ["operation"],
    dimensions: [everywhere, perFunction, { from: "PER_TOPIC", labels: ["operation"] }],
  },
  StorageRetries: { ...overall, kind: "counter", unit: "Count" },
  StorageThrottles: { ...overall, kind: "counter", unit: "Count" },
  ColdStarts: { kind: "counter", unit: "Count", labels: [], dimensions: [everywhere, perFunction] },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

type Catalogue = typeof metricCatalogue;
export type MetricName = keyof Catalogue;

type NamesOf<Kind extends MetricKind> = {
  [Name in MetricName]: Catalogue[Name]["kind"] extends Kind ? Name : never;
}[MetricName];
export type CounterName = NamesOf<"counter">;
export type GaugeName = NamesOf<"largest" | "total">;
export type HistogramName = NamesOf<"histogram">;

/** What each of a metric's labels is. */
export type MetricLabels<Name extends MetricName> = Readonly<
  Record<Catalogue[Name]["labels"][number], string | number>
>;

export function definitionOf(name: MetricName): MetricDefinition {
  return metricCatalogue[name];
}

/** The sets of labels that CloudWatch has at a level. */
export function dimensionsAt(name: MetricName, level: MetricsLevel): readonly (readonly string[])[] {
  const reached = metricsLevels.indexOf(level);
  return definitionOf(name).dimensions.flatMap(({ from, labels }) =>
    metricsLevels.indexOf(from) <= reached ? [labels] : [],
  );
}
