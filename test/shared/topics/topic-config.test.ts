import { describe, expect, test } from "vitest";
import {
  configDefaultsOf,
  findConfigProblem,
  topicConfigKeys,
  topicSettings,
} from "../../../shared/topics/topic-config.ts";

describe("the values of a topic's configuration", () => {
  const accepted: readonly [string, string][] = [
    ["retention.ms", "-1"],
    ["retention.ms", " 86400000 "],
    ["retention.ms", "+5"],
    ["retention.bytes", "-1"],
    ["retention.bytes", "9223372036854775807"],
    ["segment.bytes", "1048576"],
    ["segment.ms", "1"],
    ["max.message.bytes", "8388608"],
    ["cleanup.policy", "delete"],
    ["cleanup.policy", "compact"],
    ["cleanup.policy", "compact, delete"],
    ["compression.type", "zstd"],
    ["compression.type", "uncompressed"],
    ["compression.gzip.level", "-1"],
    ["compression.zstd.level", "-131072"],
    ["message.timestamp.type", "CreateTime"],
    ["message.timestamp.after.max.ms", "0"],
    ["min.insync.replicas", "2"],
    ["unclean.leader.election.enable", "TRUE"],
    ["preallocate", "false"],
    ["flush.messages", "1"],
    ["min.cleanable.dirty.ratio", "1e-1"],
    ["remote.storage.enable", "false"],
    ["follower.replication.throttled.replicas", "0:1,1:2"],
    ["leader.replication.throttled.replicas", "*"],
    ["leader.replication.throttled.replicas", ""],
    ["streamkeeper.inline.max.bytes", "0"],
    ["streamkeeper.inline.max.bytes", "350000"],
  ];
  test.each(accepted)("accepts %s=%s", (name, value) => {
    expect(findConfigProblem({ [name]: value })).toBeUndefined();
  });

  const refused: readonly [string, string, string][] = [
    ["retention.ms", "-2", "must be at least -1"],
    ["retention.ms", "week", "Not a number of type LONG"],
    ["retention.ms", "1.5", "Not a number of type LONG"],
    ["retention.ms", "", "Not a number of type LONG"],
    ["retention.bytes", "9223372036854775808", "Not a number of type LONG"],
    ["segment.bytes", "1048575", "must be at least 1048576"],
    ["segment.bytes", "2147483648", "Not a number of type INT"],
    ["max.message.bytes", "8388609", "must be no more than 8388608"],
    ["cleanup.policy", "", "At least one of delete, compact is needed"],
    ["cleanup.policy", "none", "Expected one of delete, compact"],
    ["cleanup.policy", "delete,delete", "must not be duplicated"],
    ["compression.type", "none", "String must be one of"],
    ["compression.type", " gzip", "String must be one of"],
    ["compression.gzip.level", "0", "must not be 0"],
    ["message.timestamp.type", "LogAppendTime", "Only CreateTime is supported"],
    ["message.timestamp.type", "createtime", "String must be one of"],
    ["min.insync.replicas", "0", "must be at least 1"],
    ["preallocate", "yes", "either true or false"],
    ["min.cleanable.dirty.ratio", "1.01", "must be no more than 1"],
    ["min.cleanable.dirty.ratio", "NaN", "Not a number of type DOUBLE"],
    ["remote.storage.enable", "true", "only false is supported"],
    ["leader.replication.throttled.replicas", "0:1,x", "partitionId:brokerId"],
    ["streamkeeper.inline.max.bytes", "350001", "must be no more than 350000"],
    ["streamkeeper.inline.max.bytes", "-1", "must be at least 0"],
    ["message.format.version", "3.0", "Unknown topic config name"],
    ["retention", "1", "Unknown topic config name"],
    ["constructor", "1", "Unknown topic config name"],
  ];
  test.each(refused)("refuses %s=%s: %s", (name, value, message) => {
    expect(findConfigProblem({ [name]: value })).toMatchObject({ key: name });
    expect(findConfigProblem({ [name]: value })?.message).toContain(message);
  });

  test("refuses too many keys and too long values", () => {
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`key${index}`, "1"]));
    expect(findConfigProblem(many)?.message).toContain("at most 100");
    expect(findConfigProblem({ "retention.ms": " ".repeat(1_025) })?.message).toContain("at most 1024");
  });

  test("refuses a compaction lag whose least is above its most", () => {
    const config = { "min.compaction.lag.ms": "10", "max.compaction.lag.ms": "9" };
    expect(findConfigProblem(config)?.message).toContain("conflict topic config setting");
  });

  test("has only defaults that it accepts", () => {
    for (const [name, { problemOf, default: value }] of topicConfigKeys) expect(problemOf(value), name).toBeUndefined();
    expect([...topicConfigKeys.keys()]).toEqual([...topicConfigKeys.keys()].toSorted());
  });
});

describe("the settings of a topic", () => {
  test("are Kafka's defaults, with segments as this store wants them", () => {
    expect(topicSettings({})).toEqual({
      compaction: undefined,
      deletes: true,
      retentionMs: 604_800_000,
      retentionBytes: undefined,
      segmentBytes: 64 * 1024 * 1024,
      segmentMs: 600_000,
      maxMessageBytes: 1_048_588,
      timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
      timestampAfterMaxMs: 3_600_000,
      inlineBytesMax: 16_384,
      compressionType: "producer",
    });
  });

  test("follow what was set", () => {
    const config = {
      "retention.ms": "-1",
      "retention.bytes": " 5000 ",
      "segment.bytes": "1048576",
      "segment.ms": "1000",
      "max.message.bytes": "10",
      "streamkeeper.inline.max.bytes": "0",
      "compression.type": "uncompressed",
      "message.timestamp.after.max.ms": "7",
    };
    expect(topicSettings(config)).toEqual({
      compaction: undefined,
      deletes: true,
      retentionMs: undefined,
      retentionBytes: 5_000,
      segmentBytes: 1_048_576,
      segmentMs: 1_000,
      maxMessageBytes: 10,
      timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
      timestampAfterMaxMs: 7,
      inlineBytesMax: 0,
      compressionType: "none",
    });
  });

  test("take the store's default of what stands in an entry where nothing that can be read is set", () => {
    const key = "streamkeeper.inline.max.bytes";
    const inlineBytesMax = (config: Readonly<Record<string, string>>, inlinePayloadBytes?: number) =>
      topicSettings(config, configDefaultsOf({ inlinePayloadBytes })).inlineBytesMax;
    expect(inlineBytesMax({})).toBe(16_384);
    expect(inlineBytesMax({}, 350_000)).toBe(350_000);
    expect(inlineBytesMax({ [key]: "7" }, 350_000)).toBe(7);
    expect(inlineBytesMax({ [key]: "many" }, 350_000)).toBe(350_000);
  });

  test("give nothing up by age or size where cleanup.policy has no delete", () => {
    const compaction = {
      minCompactionLagMs: 0,
      maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
      deleteRetentionMs: 86_400_000,
      minCleanableDirtyRatio: 0.5,
    };
    const bounds = { "retention.ms": "1", "retention.bytes": "1" };
    expect(topicSettings({ ...bounds, "cleanup.policy": "compact" })).toMatchObject({
      compaction,
      deletes: false,
      retentionMs: undefined,
      retentionBytes: undefined,
    });
    expect(topicSettings({ ...bounds, "cleanup.policy": "delete, compact" })).toMatchObject({
      compaction,
      deletes: true,
      retentionMs: 1,
      retentionBytes: 1,
    });
  });

  test("take the default for a stored value that does not parse, and the largest safe number for a larger one", () => {
    expect(topicSettings({ "retention.ms": "soon" }).retentionMs).toBe(604_800_000);
    expect(topicSettings({ "retention.ms": "9223372036854775807" }).retentionMs).toBe(Number.MAX_SAFE_INTEGER);
  });
});
