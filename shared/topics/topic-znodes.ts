/**
 * Topics as znodes, in the layout that Kafka used on ZooKeeper.
 *
 *     /brokers/topics/<topic>              {"version":3,"topic_id":"…","partitions":{"0":[],…},"adding_replicas":{},…}
 *     /brokers/topics/<topic>/partitions   {"topic_id":"…"}, and below it what `partition-state.ts` says
 *     /config/topics/<topic>               {"version":1,"config":{"retention.ms":"…",…}}
 *
 * The lists of replicas say nothing: no broker holds a partition. A topic id is a random id of the service, not a UUID. It stands
 * twice where clients of ZooKeeper are about, since those of Kafka before 2.8 write the topic's znode without it (KAFKA-14190);
 * what stands below counts. A znode that does not read as one of these, written by hand, is no topic.
 */
import type { Zxid } from "../brand.ts";
import { partitionsPerTopicMax } from "../limits.ts";
import { gatewaysMax as replicasMax } from "../limits/gateway-cluster.ts";
import type { Znode } from "../tree/stat.ts";
import type { ZnodeView } from "../tree/znode-tree.ts";
import { isNodeId } from "./broker-znodes.ts";

export const topicsPath = "/brokers/topics";
export const topicConfigsPath = "/config/topics";
/** What must be there before the first topic is, parents first. */
export const topicParents: readonly string[] = ["/brokers", topicsPath, "/config", topicConfigsPath];

export function topicPath(name: string): string {
  return `${topicsPath}/${name}`;
}

export function topicConfigPath(name: string): string {
  return `${topicConfigsPath}/${name}`;
}

/** Where a topic's id is kept, above its partitions. */
export function partitionsPath(name: string): string {
  return `${topicsPath}/${name}/partitions`;
}

/** The topic one of whose znodes has that path. */
export function topicOfPath(path: string): string | undefined {
  for (const parent of [topicsPath, topicConfigsPath]) {
    if (path.startsWith(`${parent}/`)) return path.slice(parent.length + 1).replace(/\/.*$/s, "");
  }
  return undefined;
}

/** Node ids of each partition, in the order of partitions, as whoever wrote them listed them. */
export type ReplicaLists = readonly (readonly number[])[];

/** A topic as a tree has it. */
export interface TopicRecord {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
  readonly replicas: ReplicaLists;
  /** What was set, not the defaults. */
  readonly config: Readonly<Record<string, string>>;
  /** Ms since the epoch. */
  readonly createdAtMs: number;
  readonly czxid: Zxid;
  /** Of the last change of either znode. */
  readonly mzxid: Zxid;
  /** Of the topic's znode. */
  readonly version: number;
  /** Of the configuration's znode; undefined if there is none. */
  readonly configVersion: number | undefined;
}

/** What stands in the place of a topic's znode, whether it is a topic or not yet. */
export interface TopicZnode {
  readonly node: Readonly<Znode>;
  /** Undefined for what assigns no partitions 0, 1, … */
  readonly replicas: ReplicaLists | undefined;
  /** That the znode itself has. */
  readonly writtenId: string | undefined;
  /** That is kept below it. */
  readonly keptId: string | undefined;
}

/** Undefined where nothing stands. */
export function findTopicZnode(tree: ZnodeView, name: string): TopicZnode | undefined {
  const node = tree.node(topicPath(name));
  if (node === undefined) return undefined;
  const written = decodeJson(node.data);
  const kept = node.numChildren > 0 ? decodeJson(tree.node(partitionsPath(name))?.data) : {};
  return { node, replicas: replicasOf(written), writtenId: idOf(written), keptId: idOf(kept) };
}

/** The topic of that name, which has been checked to be one. */
export function findTopic(tree: ZnodeView, name: string): TopicRecord | undefined {
  const found = findTopicZnode(tree, name);
  const topicId = found?.keptId ?? found?.writtenId;
  if (found?.replicas === undefined || topicId === undefined) return undefined;
  const { node, replicas } = found;
  const configNode = tree.node(topicConfigPath(name));
  return {
    name,
    topicId,
    partitions: replicas.length,
    replicas,
    config: decodeConfig(configNode?.data),
    createdAtMs: node.ctime,
    czxid: node.czxid,
    mzxid: lastChange(node, configNode),
    version: node.version,
    configVersion: configNode?.version,
  };
}

function lastChange(node: Readonly<Znode>, configNode: Readonly<Znode> | undefined): Zxid {
  return configNode !== undefined && configNode.mzxid > node.mzxid ? configNode.mzxid : node.mzxid;
}

/** What the topic's znode says. */
export interface TopicAssignment {
  readonly topicId: string;
  readonly partitions: number;
}

/** @param replicas of the first partitions; none for the others */
export function encodeAssignment({ topicId, partitions }: TopicAssignment, replicas: ReplicaLists = []): Uint8Array {
  const lists = Array.from({ length: partitions }, (_, partition) => [partition, replicas[partition] ?? []] as const);
  return encodeJson({
    version: 3,
    topic_id: topicId,
    partitions: Object.fromEntries<readonly number[]>(lists),
    adding_replicas: {},
    removing_replicas: {},
  });
}

/** What stands at `partitionsPath`. */
export function encodeKeptId(topicId: string): Uint8Array {
  return encodeJson({ topic_id: topicId });
}

type Fields = Readonly<Record<string, unknown>>;

function idOf({ topic_id: topicId }: Fields): string | undefined {
  return typeof topicId === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(topicId) ? topicId : undefined;
}

function replicasOf({ partitions }: Fields): ReplicaLists | undefined {
  if (!isObject(partitions)) return undefined;
  const count = Object.keys(partitions).length;
  if (count < 1 || count > partitionsPerTopicMax) return undefined;
  const lists: (readonly number[])[] = [];
  for (let partition = 0; partition < count; partition += 1) {
    if (!Object.hasOwn(partitions, partition)) return undefined;
    lists.push(nodeIdsOf(partitions[partition]));
  }
  return lists;
}

function nodeIdsOf(list: unknown): readonly number[] {
  const nodeIds: readonly unknown[] = Array.isArray(list) ? list : [];
  return nodeIds.filter((nodeId): nodeId is number => isNodeId(nodeId)).slice(0, replicasMax);
}

export function encodeConfig(config: Readonly<Record<string, string>>): Uint8Array {
  return encodeJson({ version: 1, config });
}

function decodeConfig(data: Uint8Array | null | undefined): Readonly<Record<string, string>> {
  const { config } = decodeJson(data);
  return isObject(config) ? onlyText(config) : {};
}

function onlyText(values: object): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true });

function encodeJson(value: object): Uint8Array {
  return utf8.encode(JSON.stringify(value));
}

/** The fields of a JSON object; none if the data is something else. */
function decodeJson(data: Uint8Array | null | undefined): Readonly<Record<string, unknown>> {
  if (data === null || data === undefined) return {};
  try {
    const value: unknown = JSON.parse(utf8Decoder.decode(data));
    return isObject(value) ? value : {};
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return {};
    throw cause;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
