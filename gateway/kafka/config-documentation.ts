/** What the keys of a topic's configuration do here, in one sentence each: what DescribeConfigs answers as documentation. */

const withoutEffect = "Kept and given back; it has no effect here.";

const sentences: Readonly<Record<string, string>> = {
  "cleanup.policy":
    "What becomes of old records: delete gives them up by age and size, compact keeps the last of each key.",
  "compression.gzip.level": "Level of gzip where records are compressed again.",
  "compression.lz4.level": "Level of LZ4 where records are compressed again.",
  "compression.type":
    "Codec of batches that the service builds itself; whole batches stay as their producer made them.",
  "compression.zstd.level": "Level of Zstandard where records are compressed again.",
  "delete.retention.ms": "How long a tombstone stays in a compacted topic.",
  "file.delete.delay.ms": "Delay before a file is removed; what is removed here has a grace period of its own.",
  "flush.messages": "Records after which they are forced to disk; an acknowledged record is durable in any case.",
  "flush.ms": "Time after which records are forced to disk; an acknowledged record is durable in any case.",
  "follower.replication.throttled.replicas":
    "Replicas whose copying is slowed down; there are no copies between brokers.",
  "index.interval.bytes": "Bytes between two entries of a segment's offset index.",
  "leader.replication.throttled.replicas":
    "Replicas whose copying is slowed down; there are no copies between brokers.",
  "local.retention.bytes": "Bytes that stay on a broker's disk; there is none.",
  "local.retention.ms": "How long records stay on a broker's disk; there is none.",
  "max.compaction.lag.ms": "Longest time that a record stays uncompacted.",
  "max.message.bytes": "Bytes of the largest batch.",
  "message.timestamp.after.max.ms": "How far a record's timestamp may be ahead of the time of its append.",
  "message.timestamp.before.max.ms": "How far a record's timestamp may be behind the time of its append.",
  "message.timestamp.type": "Whose clock a record's timestamp is of: always its producer's.",
  "min.cleanable.dirty.ratio": "Part of the log that must be uncompacted before it is compacted.",
  "min.compaction.lag.ms": "Shortest time that a record stays uncompacted.",
  "min.insync.replicas": "Copies that must be there before a record is acknowledged; the store sees to them.",
  preallocate: "Whether files are made in their full size.",
  "remote.log.copy.disable": "Whether segments stop being copied to an object store.",
  "remote.log.delete.on.disable": "Whether copies are deleted from the object store when it is switched off.",
  "remote.storage.enable": "Whether segments are copied to an object store; sealed ones are there already.",
  "retention.bytes": "Bytes that a partition keeps; -1 keeps all.",
  "retention.ms": "How long records are kept, in ms; -1 keeps them for ever.",
  "segment.bytes": "Bytes after which a segment is sealed, at most the service's own bound.",
  "segment.index.bytes": "Bytes of a segment's index.",
  "segment.jitter.ms": "By how much the sealing of segments is spread.",
  "segment.ms": "Age after which a segment is sealed, at most the service's own bound.",
  "streamkeeper.inline.max.bytes":
    "Bytes up to which a batch stands in the log itself rather than in an object of its own.",
  "unclean.leader.election.enable": "Whether a replica that lags may lead; there is none.",
};

export function documentationOf(name: string, hasEffect: boolean): string {
  const sentence = sentences[name] ?? "";
  return hasEffect ? sentence : `${sentence} ${withoutEffect}`.trim();
}
