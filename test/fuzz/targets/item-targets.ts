/** What stands in items: groups, offsets, shares, transactions, leases, projections, answers for repeats. */
import {
  decodeCommitted,
  decodeDecided,
  decodeStaged,
  encodeCommitted,
  encodeDecided,
  encodeStaged,
} from "../../../shared/groups/committed-offset.ts";
import { decodeGroup, encodeGroup } from "../../../shared/groups/encode-group.ts";
import {
  bytesOf,
  isForgotten,
  isGroup,
  leasesOf,
  offsetsOf,
  outdatedMarks,
  stagedOf,
} from "../../../shared/groups/group-item.ts";
import { emptyGroup, type GroupState, type Member } from "../../../shared/groups/group-state.ts";
import {
  availableStanding,
  deadStanding,
  doneStanding,
  gapStanding,
  type ShareRange,
  type ShareState,
  type Standing,
} from "../../../shared/groups/share-state.ts";
import { decodeShareState, encodeShareState } from "../../../shared/groups/share-state-codec.ts";
import { compactionStateOf } from "../../../shared/partition/compaction-state.ts";
import { logStartOf } from "../../../shared/partition/log-start.ts";
import { MalformedBytesError } from "../../../shared/record/malformed-bytes-error.ts";
import { decodeAnswer, encodeAnswer } from "../../../shared/services/atomic-answer.ts";
import { leaseOf } from "../../../shared/services/session-lease.ts";
import { projectionOf } from "../../../shared/services/topic-projection.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import type { AttributeValue, Attributes, Item } from "../../../shared/storage/item-store.ts";
import { topicSettings } from "../../../shared/topics/topic-config.ts";
import { changeToRecord, recordOf } from "../../../shared/transactions/transaction-attributes.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { fieldText } from "../mutate-text.ts";
import { codecTarget, jsonTarget, sameAgain, type Target, textTarget } from "../target.ts";
import { sealEnd } from "./partition-targets.ts";

const nowMs = 1_750_000_000_000;

/** Values that items can hold, of whatever came. */
function attributesOf(value: unknown): Attributes {
  if (typeof value !== "object" || value === null) return {};
  const entries = Object.entries(value).filter((entry): entry is [string, AttributeValue] => {
    const [, part]: [string, unknown] = entry;
    return (
      typeof part === "string" || typeof part === "number" || typeof part === "boolean" || part instanceof Uint8Array
    );
  });
  return Object.fromEntries(entries);
}

function itemOf(value: unknown, sort = "0000000000000000001"): Item {
  return { key: { partition: "p", sort }, version: 1, attributes: attributesOf(value) };
}

function anyGroup(random: FuzzRandom): GroupState {
  const topics = ["a", "b", "c"].slice(0, random.below(4)).map((name) => ({
    topicId: `${name}Id`,
    name,
    partitions: random.between(1, 12),
    live: random.chance(0.9),
  }));
  const free = topics.flatMap(({ topicId, partitions }) =>
    Array.from({ length: partitions }, (_, partition) => `${topicId}/${partition}`),
  );
  const members = Array.from({ length: random.below(4) }, (_, index): [string, Member] => {
    const memberId = `m${index}`;
    const assigned = new Set(free.splice(0, random.below(5)));
    const revoking = new Set(random.chance(0.3) ? free.splice(0, 2) : []);
    const member: Member = {
      memberId,
      topics: topics.map(({ name }) => name),
      sessionTimeoutMs: 45_000,
      rebalanceTimeoutMs: 60_000,
      epoch: random.below(9),
      previousEpoch: random.between(-1, 5),
      left: random.chance(0.1),
      target: assigned,
      assigned,
      revoking,
      ...(revoking.size > 0 ? { revokeByMs: nowMs } : {}),
      ...(random.chance(0.3) ? { instanceId: fieldText(random) } : {}),
      ...(random.chance(0.3) ? { topicPattern: "a.*" } : {}),
      ...(random.chance(0.3) ? { assignor: "range" as const } : {}),
    };
    return [memberId, member];
  });
  const matches = new Map(random.chance(0.3) ? [["a.*", ["a"]]] : []);
  return { ...emptyGroup, epoch: random.below(50), topics, matches, members: new Map(members) };
}

function anyStanding(random: FuzzRandom): Standing {
  const deliveryCount = random.between(1, 5);
  const acquired = {
    state: "acquired",
    deliveryCount,
    memberId: fieldText(random) || "m",
    lockUntilMs: nowMs + random.below(30_000),
  } as const;
  return random.pick<Standing>([
    doneStanding,
    gapStanding,
    availableStanding(deliveryCount),
    acquired,
    deadStanding("rejected", deliveryCount, nowMs),
  ]);
}

function anyShareState(random: FuzzRandom): ShareState {
  const startOffset = random.below(100_000);
  let next = startOffset;
  const ranges = Array.from({ length: random.below(5) }, (_, index): ShareRange => {
    const standing = index === 0 ? availableStanding(1) : anyStanding(random);
    const range = { ...standing, first: next, last: next + random.below(20) };
    next = range.last + 1;
    return range;
  });
  return { startOffset, endOffset: next, ranges };
}

function anyTransactionItem(random: FuzzRandom): unknown {
  const owner = { producerId: BigInt(random.between(1, 9)), producerEpoch: random.below(9) };
  const topics = [{ topicId: "aId", topic: "a", partitions: [0, random.between(1, 5)] }];
  const started = random.chance(0.7) ? { startedAtMs: nowMs, topics, groups: ["g"] } : { topics: [], groups: [] };
  const isDecided = random.chance(0.4);
  return changeToRecord({
    state: isDecided ? "PrepareCommit" : "Ongoing",
    owner,
    timeoutMs: 60_000,
    ...started,
    ...(isDecided ? { decidedAtMs: nowMs, next: owner } : {}),
    ...(random.chance(0.3) ? { ended: owner, answer: "{}" } : {}),
  }).set;
}

const groupText = (random: FuzzRandom): string => encodeGroup(anyGroup(random));
const stagedText = (random: FuzzRandom): string =>
  encodeStaged({
    producerEpoch: random.below(5),
    offsets: Array.from({ length: random.below(3) }, (_, partition) => ({
      topicId: "aId",
      topic: "a",
      partition,
      offset: random.whole(),
      metadata: fieldText(random),
    })),
    ...(random.chance(0.5) ? { askedAt: nowMs } : {}),
  });
const committedText = (random: FuzzRandom): string =>
  encodeCommitted({ offset: random.whole(), committedAtMs: nowMs, metadata: fieldText(random) });

export const itemTargets: readonly Target[] = [
  textTarget({
    name: "items.group",
    covers: ["shared/groups/encode-group.ts#decodeGroup"],
    declared: [StorageCorruptError],
    samples: groupText,
    read: (text) => sameAgain(decodeGroup(text), encodeGroup, decodeGroup),
  }),
  jsonTarget({
    name: "items.group-json",
    covers: ["shared/groups/encode-group.ts#decodeGroup"],
    declared: [StorageCorruptError],
    sample: (random) => JSON.parse(groupText(random)) as unknown,
    read: (value) => sameAgain(decodeGroup(JSON.stringify(value) ?? ""), encodeGroup, decodeGroup),
  }),
  textTarget({
    name: "items.committed",
    covers: ["shared/groups/committed-offset.ts#decodeCommitted"],
    declared: [StorageCorruptError],
    samples: committedText,
    read: (text) => sameAgain(decodeCommitted(text), encodeCommitted, decodeCommitted),
  }),
  textTarget({
    name: "items.decided",
    covers: ["shared/groups/committed-offset.ts#decodeDecided"],
    declared: [StorageCorruptError],
    samples: (random) => encodeDecided(random.below(32_768), random.whole()),
    read: (text) =>
      sameAgain(decodeDecided(text), ({ producerEpoch, atMs }) => encodeDecided(producerEpoch, atMs), decodeDecided),
  }),
  textTarget({
    name: "items.staged",
    covers: ["shared/groups/committed-offset.ts#decodeStaged"],
    declared: [StorageCorruptError],
    samples: stagedText,
    read: (text) => sameAgain(decodeStaged(text), encodeStaged, decodeStaged),
  }),
  jsonTarget({
    name: "items.staged-json",
    covers: ["shared/groups/committed-offset.ts#decodeStaged"],
    declared: [StorageCorruptError],
    sample: (random) => JSON.parse(stagedText(random)) as unknown,
    read: (value) => sameAgain(decodeStaged(JSON.stringify(value) ?? ""), encodeStaged, decodeStaged),
  }),
  jsonTarget({
    name: "items.group-attributes",
    covers: ["shared/groups/group-item.ts#offsetsOf", "shared/groups/group-item.ts#stagedOf"],
    declared: [StorageCorruptError],
    sample: (random) => ({
      "o:aId/0": committedText(random),
      "x:7": stagedText(random),
      "d:9": encodeDecided(3, nowMs),
      "l:m": nowMs,
      "n:aId": "a",
      touchedAtMs: nowMs,
      revision: random.below(9),
    }),
    read: (value) => {
      const attributes = attributesOf(value);
      leasesOf(attributes);
      isGroup(attributes);
      isForgotten(attributes, nowMs);
      bytesOf(attributes);
      offsetsOf(attributes);
      stagedOf(attributes);
      outdatedMarks(attributes, nowMs);
    },
  }),
  codecTarget<ShareState>({
    name: "items.share-state",
    covers: ["shared/groups/share-state-codec.ts#decodeShareState"],
    declared: [MalformedBytesError],
    value: anyShareState,
    encode: encodeShareState,
    decode: decodeShareState,
    seal: sealEnd,
  }),
  jsonTarget({
    name: "items.transaction",
    covers: ["shared/transactions/transaction-attributes.ts#recordOf"],
    declared: [StorageCorruptError],
    sample: anyTransactionItem,
    read: (value) => sameAgain(recordOf(attributesOf(value)), (record) => changeToRecord(record).set, recordOf),
  }),
  jsonTarget({
    name: "items.lease",
    covers: ["shared/services/session-lease.ts#leaseOf"],
    declared: [StorageCorruptError],
    sample: () => ({ sort: "0000000000000012345", state: "live", expiresAtMs: nowMs, password: "00" }),
    read: (value) => {
      const { sort } = attributesOf(value);
      leaseOf(itemOf(value, typeof sort === "string" ? sort : undefined));
    },
  }),
  jsonTarget({
    name: "items.projection",
    covers: ["shared/services/topic-projection.ts#projectionOf", "shared/topics/topic-config.ts#topicSettings"],
    declared: [],
    sample: (random) => ({
      mzxid: random.whole(),
      topicId: "aId",
      partitions: 3,
      config: JSON.stringify({ "retention.ms": "5", "cleanup.policy": "compact" }),
      createdAtMs: nowMs,
    }),
    read: (value) => {
      const projection = projectionOf(itemOf(value));
      if (projection?.topic !== undefined) topicSettings(projection.topic.config);
    },
  }),
  jsonTarget({
    name: "items.partition",
    covers: ["shared/partition/log-start.ts#logStartOf", "shared/partition/compaction-state.ts#compactionStateOf"],
    declared: [],
    sample: (random) => ({
      logStartOffset: random.whole(),
      logStartRaisedAtMs: nowMs,
      compactedId: "x",
      compactedRuns: 3,
      cleanedTo: random.whole(),
    }),
    read: (value) => {
      logStartOf(itemOf(value));
      compactionStateOf(itemOf(value));
    },
  }),
  textTarget({
    name: "items.atomic-answer",
    covers: ["shared/services/atomic-answer.ts#decodeAnswer"],
    declared: [StorageCorruptError],
    samples: (random) =>
      encodeAnswer({
        fingerprint: random.word(),
        timestamp: nowMs,
        partitions: [2],
        batches: [[0, 1, random.whole()]],
      }),
    read: (text) => sameAgain(decodeAnswer(text), encodeAnswer, decodeAnswer),
  }),
];
