/**
 * Topics as znodes, in the layout that Kafka used on ZooKeeper.
 *
 *     /brokers/topics/<topic>   {"version":3,"topic_id":"…","partitions":{"0":[],…},"adding_replicas":{},"removing_replicas":{}}
 *     /config/topics/<topic>    {"version":1,"config":{"retention.ms":"…",…}}
 *
 * The lists of replicas are empty: no broker holds a partition. A topic id is a random id of the service, not a UUID. A
 * znode there that does not read as one of these, written by hand, is no topic.
 */
import type { Zxid } from "../brand.ts";
import { partitionsPerTopicMax } from "../limits.ts";
import type { Znode } from "../tree/stat.ts";
import type { ZnodeView } from "../tree/znode-tree.ts";

export const topicsPath = "/brokers/topics";
const topicConfigsPath = "/config/topics";
/** What must be there before the first topic is, parents first. */
export const topicParents: readonly string[] = ["/brokers", topicsPath, "/config", topicConfigsPath];

export function topicPath(name: string): string {
  return `${topicsPath}/${name}`;
}

export function topicConfigPath(name: string): string {
  return `${topicConfigsPath}/${name}`;
}

/** The topic whose znode, or whose configuration's, has that path. */
export function topicOfPath(path: string): string | undefined {
  for (const parent of [topicsPath, topicConfigsPath]) {
    if (path.startsWith(`${parent}/`)) return path.slice(parent.length + 1);
  }
  return undefined;
}

/** A topic as a tree has it. */
export interface TopicRecord {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: number;
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

/** The topic of that name, which has been checked to be one. */
export function findTopic(tree: ZnodeView, name: string): TopicRecord | undefined {
  const node = tree.node(topicPath(name));
  const assignment = decodeAssignment(node?.data);
  if (node === undefined || assignment === undefined) return undefined;
  const configNode = tree.node(topicConfigPath(name));
  return {
    name,
    ...assignment,
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

export function encodeAssignment({ topicId, partitions }: TopicAssignment): Uint8Array {
  const replicas = Object.fromEntries(Array.from({ length: partitions }, (_, partition) => [String(partition), []]));
  return encodeJson({
    version: 3,
    topic_id: topicId,
    partitions: replicas,
    adding_replicas: {},
    removing_replicas: {},
  });
}

function decodeAssignment(data: Uint8Array | null | undefined): TopicAssignment | undefined {
  const { topic_id: topicId, partitions } = decodeJson(data);
  if (typeof topicId !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(topicId) || !isObject(partitions)) return undefined;
  const count = Object.keys(partitions).length;
  const isDense = count >= 1 && count <= partitionsPerTopicMax && String(count - 1) in partitions;
  return isDense ? { topicId, partitions: count } : undefined;
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
