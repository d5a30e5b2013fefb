/**
 * A topic's configuration: Kafka's keys with Kafka's types, defaults and ranges (Kafka 4.2, `LogConfig`), and our own.
 *
 * A key that Kafka knows and that has nothing to act on here (`min.insync.replicas`, `flush.ms`) is stored and given back,
 * so that tools which set it go on working. A value that asks for a behaviour which does not exist here
 * (`message.timestamp.type=LogAppendTime`) is refused, because storing it would be a promise.
 */
import {
  inlinePayloadBytesDefault,
  inlinePayloadBytesMax,
  messageBytesDefault,
  messageBytesMax,
  segmentAgeMsMax,
  segmentBytesTarget,
  topicConfigKeysMax,
  topicConfigValueCharsMax,
} from "../limits.ts";
import type { CompactionSettings } from "../partition/dirty-part.ts";
import type { CompressionType } from "../record/compression-type.ts";
import { inlinePayloadBytesOf } from "../storage/inline-payload.ts";
import type { Storage } from "../storage/storage.ts";
import {
  booleanValue,
  doubleValue,
  intValue,
  listValue,
  longValue,
  oneOf,
  parseInteger,
  type ValueRule,
} from "./config-values.ts";

/** One configuration key. */
export interface TopicConfigKey {
  readonly name: string;
  readonly type: ValueRule["type"];
  readonly default: string;
  /** False: stored and given back, without effect. */
  readonly hasEffect: boolean;
  /** What is wrong with a value, or undefined. */
  readonly problemOf: (value: string) => string | undefined;
}

const int64Max = "9223372036854775807";
const weekMs = "604800000";
const dayMs = "86400000";

function key(name: string, defaultValue: string, rule: ValueRule, hasEffect = false): TopicConfigKey {
  return { name, type: rule.type, default: defaultValue, hasEffect, problemOf: rule.problemOf };
}

/** A rule with values that Kafka knows and that we cannot keep. */
function without(rule: ValueRule, isLacking: (value: string) => boolean, message: string): ValueRule {
  return { type: rule.type, problemOf: (value) => rule.problemOf(value) ?? (isLacking(value) ? message : undefined) };
}

const cleanupPolicy = without(
  listValue((element) => element === "delete" || element === "compact", "one of delete, compact"),
  (value) => value.trim() === "",
  "At least one of delete, compact is needed",
);
const timestampType = without(
  oneOf("CreateTime", "LogAppendTime"),
  (value) => value === "LogAppendTime",
  "Only CreateTime is supported",
);
const switchedOff = without(
  booleanValue,
  (value) => value.trim().toLowerCase() === "true",
  "Sealed segments are in the object store already; only false is supported",
);
const throttledReplicas = listValue(
  (element) => element === "*" || /^[0-9]+:[0-9]+$/.test(element),
  "* or a list of partitionId:brokerId",
);

const table: readonly TopicConfigKey[] = [
  key("cleanup.policy", "delete", cleanupPolicy, true),
  key("compression.gzip.level", "-1", intValue({ min: -1, max: 9, except: 0 })),
  key("compression.lz4.level", "9", intValue({ min: 1, max: 17 })),
  // What the service compresses itself, records sent as JSON; whole batches are kept as their producer compressed them.
  key("compression.type", "producer", oneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"), true),
  key("compression.zstd.level", "3", intValue({ min: -131_072, max: 22 })),
  key("delete.retention.ms", dayMs, longValue({ min: 0 }), true),
  key("file.delete.delay.ms", "60000", longValue({ min: 0 })),
  key("flush.messages", int64Max, longValue({ min: 1 })),
  key("flush.ms", int64Max, longValue({ min: 0 })),
  key("follower.replication.throttled.replicas", "", throttledReplicas),
  key("index.interval.bytes", "4096", intValue({ min: 0 })),
  key("leader.replication.throttled.replicas", "", throttledReplicas),
  key("local.retention.bytes", "-2", longValue({ min: -2 })),
  key("local.retention.ms", "-2", longValue({ min: -2 })),
  key("max.compaction.lag.ms", int64Max, longValue({ min: 1 }), true),
  key("max.message.bytes", String(messageBytesDefault), intValue({ min: 0, max: messageBytesMax }), true),
  key("message.timestamp.after.max.ms", "3600000", longValue({ min: 0 }), true),
  key("message.timestamp.before.max.ms", int64Max, longValue({ min: 0 }), true),
  key("message.timestamp.type", "CreateTime", timestampType, true),
  key("min.cleanable.dirty.ratio", "0.5", doubleValue({ min: 0, max: 1 }), true),
  key("min.compaction.lag.ms", "0", longValue({ min: 0 }), true),
  key("min.insync.replicas", "1", intValue({ min: 1 })),
  key("preallocate", "false", booleanValue),
  key("remote.log.copy.disable", "false", booleanValue),
  key("remote.log.delete.on.disable", "false", booleanValue),
  key("remote.storage.enable", "false", switchedOff),
  key("retention.bytes", "-1", longValue({}), true),
  key("retention.ms", weekMs, longValue({ min: -1 }), true),
  key("segment.bytes", "1073741824", intValue({ min: 1_048_576 }), true),
  key("segment.index.bytes", "10485760", intValue({ min: 4 })),
  key("segment.jitter.ms", "0", longValue({ min: 0 })),
  key("segment.ms", weekMs, longValue({ min: 1 }), true),
  key(
    "streamkeeper.inline.max.bytes",
    String(inlinePayloadBytesDefault),
    intValue({ min: 0, max: inlinePayloadBytesMax }),
    true,
  ),
  key("unclean.leader.election.enable", "false", booleanValue),
];

/** Every key by its name, in the order of names. */
export const topicConfigKeys: ReadonlyMap<string, TopicConfigKey> = new Map(table.map((entry) => [entry.name, entry]));

/** Values of keys that are not set, where a store has others than the table. */
export type ConfigDefaults = Readonly<Record<string, string>>;

/** What suits the store. */
export function configDefaultsOf(storage: Pick<Storage, "inlinePayloadBytes">): ConfigDefaults {
  return { "streamkeeper.inline.max.bytes": String(inlinePayloadBytesOf(storage)) };
}

/** What is wrong with a configuration; Kafka's INVALID_CONFIG. */
export interface ConfigProblem {
  /** Absent if no single key is to blame. */
  readonly key?: string;
  readonly message: string;
}

/** The first problem of a topic's whole configuration, or undefined if it may be stored. */
export function findConfigProblem(config: Readonly<Record<string, string>>): ConfigProblem | undefined {
  const entries = Object.entries(config);
  if (entries.length > topicConfigKeysMax) {
    return { message: `${entries.length} configuration keys; at most ${topicConfigKeysMax} are allowed` };
  }
  for (const [name, value] of entries) {
    const message = problemOfEntry(name, value);
    if (message !== undefined) return { key: name, message };
  }
  return findConflict(config);
}

function problemOfEntry(name: string, value: string): string | undefined {
  const known = topicConfigKeys.get(name);
  if (known === undefined) return `Unknown topic config name: ${name.slice(0, 256)}`;
  if (value.length > topicConfigValueCharsMax) {
    return `The value of ${name} has ${value.length} characters; at most ${topicConfigValueCharsMax} are allowed`;
  }
  const problem = known.problemOf(value);
  return problem === undefined ? undefined : `Invalid value ${value} for configuration ${name}: ${problem}`;
}

function findConflict(config: Readonly<Record<string, string>>): ConfigProblem | undefined {
  const minLagMs = integerOf(config, "min.compaction.lag.ms");
  const maxLagMs = integerOf(config, "max.compaction.lag.ms");
  if (minLagMs <= maxLagMs) return undefined;
  const message = `conflict topic config setting min.compaction.lag.ms (${minLagMs}) > max.compaction.lag.ms (${maxLagMs})`;
  return { key: "min.compaction.lag.ms", message };
}

/** What produce, fetch and the background duties act on. */
export interface TopicSettings {
  /** How the topic is compacted; undefined if its `cleanup.policy` has no `compact`. */
  readonly compaction: CompactionSettings | undefined;
  /** Whether `cleanup.policy` has `delete`: without it nothing is given up by age or size, nor may a caller truncate. */
  readonly deletes: boolean;
  /** Age of a record's segment from which on it may be deleted; undefined: never. */
  readonly retentionMs: number | undefined;
  /** Bytes that a partition keeps; undefined: all. */
  readonly retentionBytes: number | undefined;
  /** Bytes at which a segment is sealed: never more than `segmentBytesTarget`, whatever was set. */
  readonly segmentBytes: number;
  /** Age at which a segment is sealed: never more than `segmentAgeMsMax`, because hot entries expire. */
  readonly segmentMs: number;
  /** Largest batch, in bytes. */
  readonly maxMessageBytes: number;
  /** How far a record's timestamp may be behind, and ahead of, the time of its append. */
  readonly timestampBeforeMaxMs: number;
  readonly timestampAfterMaxMs: number;
  /** Largest payload that stands in the entry itself, in bytes. */
  readonly inlineBytesMax: number;
  /** Codec of the batches that the service builds itself; `producer` leaves the choice to it. */
  readonly compressionType: CompressionType | "producer";
}

/**
 * Resolves a stored configuration with the defaults. What was checked when it was stored is not checked again: a value
 * that does not parse (the znode can be written by hand) counts as not set.
 *
 * @param defaults the store's; only who appends asks for what they decide
 */
export function topicSettings(config: Readonly<Record<string, string>>, defaults: ConfigDefaults = {}): TopicSettings {
  const policies = validValue(config, "cleanup.policy")
    .split(",")
    .map((policy) => policy.trim());
  const deletes = policies.includes("delete");
  return {
    compaction: policies.includes("compact") ? compactionOf(config) : undefined,
    deletes,
    retentionMs: deletes ? unlessNegative(integerOf(config, "retention.ms")) : undefined,
    retentionBytes: deletes ? unlessNegative(integerOf(config, "retention.bytes")) : undefined,
    segmentBytes: Math.min(integerOf(config, "segment.bytes"), segmentBytesTarget),
    segmentMs: Math.min(integerOf(config, "segment.ms"), segmentAgeMsMax),
    maxMessageBytes: integerOf(config, "max.message.bytes"),
    timestampBeforeMaxMs: integerOf(config, "message.timestamp.before.max.ms"),
    timestampAfterMaxMs: integerOf(config, "message.timestamp.after.max.ms"),
    inlineBytesMax: integerOf(config, "streamkeeper.inline.max.bytes", defaults),
    compressionType: compressionTypeOf(validValue(config, "compression.type")),
  };
}

function compactionOf(config: Readonly<Record<string, string>>): TopicSettings["compaction"] {
  return {
    minCompactionLagMs: integerOf(config, "min.compaction.lag.ms"),
    maxCompactionLagMs: integerOf(config, "max.compaction.lag.ms"),
    deleteRetentionMs: integerOf(config, "delete.retention.ms"),
    minCleanableDirtyRatio: Number(validValue(config, "min.cleanable.dirty.ratio")),
  };
}

/** The stored value, or the default where it is missing or does not parse. */
function validValue(config: Readonly<Record<string, string>>, name: string, defaults: ConfigDefaults = {}): string {
  const known = topicConfigKeys.get(name);
  if (known === undefined) throw new Error(`no such topic configuration: ${name}`);
  const value = config[name];
  return value === undefined || known.problemOf(value) !== undefined ? (defaults[name] ?? known.default) : value;
}

/** As a safe number: Kafka's Long.MAX_VALUE becomes the largest one. */
function integerOf(config: Readonly<Record<string, string>>, name: string, defaults?: ConfigDefaults): number {
  const value = parseInteger(validValue(config, name, defaults));
  if (value === undefined) throw new Error(`the default of ${name} is no integer`);
  const safeMax = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > safeMax ? safeMax : value);
}

function unlessNegative(value: number): number | undefined {
  return value < 0 ? undefined : value;
}

function compressionTypeOf(value: string): TopicSettings["compressionType"] {
  switch (value) {
    case "gzip":
    case "snappy":
    case "lz4":
    case "zstd":
      return value;
    case "uncompressed":
      return "none";
    default:
      return "producer";
  }
}
