/** Changes of topics as multis on the tree that they were decided on; the tree refuses them if it has changed meanwhile. */
import { multiOperationsMax } from "../limits.ts";
import { parentOf, rootPath } from "../tree/paths.ts";
import { anyVersion, type Operation } from "../tree/tree-request.ts";
import type { ZnodeTree, ZnodeView } from "../tree/znode-tree.ts";
import { brokerZnodes, configNoticesPath } from "./broker-znodes.ts";
import { securityParents } from "./security-znodes.ts";
import { collide, mayCollide } from "./topic-name.ts";
import {
  encodeAssignment,
  encodeConfig,
  partitionsPath,
  topicConfigPath,
  topicParents,
  topicPath,
  type TopicRecord,
  topicsPath,
} from "./topic-znodes.ts";

/** In the multi that closes a tree. */
const noticesMax = 500;

/** A multi, and which of its operations is that on the topic's own znode. */
export interface TopicStep {
  readonly operations: readonly Operation[];
  readonly topicIndex: number;
}

type NewTopic = Pick<TopicRecord, "name" | "topicId" | "partitions" | "config">;

/** Creates a topic, and what must stand above the first one. */
export function creationStep(tree: ZnodeView, topic: NewTopic): TopicStep {
  const missing = topicParents.filter((path) => tree.node(path) === undefined);
  const before: Operation[] = missing.map((path) => create(path, null));
  // A name that could collide is created only if no other topic was, since collisions were looked for.
  if (mayCollide(topic.name) && !missing.includes(topicsPath)) before.push(touch(tree, topicsPath));
  const data = encodeConfig(topic.config);
  const configPath = topicConfigPath(topic.name);
  const config: Operation =
    tree.node(configPath) === undefined
      ? create(configPath, data)
      : { kind: "setData", path: configPath, data, version: anyVersion };
  const operations = [...before, create(topicPath(topic.name), encodeAssignment(topic)), config];
  return { operations, topicIndex: before.length };
}

/** Leaves the data as it is and raises the version, so that others who saw the old one are refused. */
function touch(tree: ZnodeView, path: string): Operation {
  const node = tree.node(path);
  return { kind: "setData", path, data: node?.data ?? null, version: node?.version ?? anyVersion };
}

/** Another topic whose name differs only in `.` and `_`. */
export function findCollision(tree: ZnodeTree, name: string): string | undefined {
  if (!mayCollide(name)) return undefined;
  for (const other of tree.childNames(topicsPath)) if (collide(name, other)) return other;
  return undefined;
}

/** From `topic` to `altered`; undefined if they are the same. */
export function alterationStep(topic: TopicRecord, altered: TopicRecord): TopicStep | undefined {
  const { name, version, configVersion } = topic;
  const data = encodeConfig(altered.config);
  const path = topicConfigPath(name);
  const sameConfig = equalBytes(data, encodeConfig(topic.config));
  if (sameConfig && altered.partitions === topic.partitions) return undefined;
  const assignment: Operation =
    altered.partitions === topic.partitions
      ? { kind: "check", path: topicPath(name), version }
      : { kind: "setData", path: topicPath(name), data: encodeAssignment(altered, topic.replicas), version };
  const config: readonly Operation[] = sameConfig
    ? []
    : [configVersion === undefined ? create(path, data) : { kind: "setData", path, data, version: configVersion }];
  // One that was created anew meanwhile may have the same version.
  return { operations: [fence(topic), assignment, ...config], topicIndex: 1 };
}

/** FENCED where the topic is gone, or another one has come under its name. */
export function fence({ name, czxid }: Pick<TopicRecord, "name" | "czxid">): Operation {
  return { kind: "fence", path: topicPath(name), czxid };
}

/** Deletes a topic with its configuration and all that stands about its partitions, if it is as it was seen. */
export function deletionStep(tree: ZnodeTree, topic: TopicRecord): TopicStep {
  const { name, version, configVersion } = topic;
  const before = [fence(topic), ...deletionsBelow(tree, partitionsPath(name), multiOperationsMax - 4)];
  const operations: Operation[] = [...before, { kind: "delete", path: topicPath(name), version }];
  if (configVersion !== undefined) {
    operations.push({ kind: "delete", path: topicConfigPath(name), version: configVersion });
  }
  return { operations, topicIndex: before.length };
}

/** Deletes a znode with all below it; nothing where it is more than `max`, so that what stands above it is not empty. */
export function deletionsBelow(tree: ZnodeTree, root: string, max: number): readonly Operation[] {
  if (tree.node(root) === undefined) return [];
  const paths = [root];
  for (let index = 0; index < paths.length; index += 1) {
    const path = paths[index] ?? root;
    for (const child of tree.childNames(path)) paths.push(`${path}/${child}`);
    if (paths.length > max) return [];
  }
  return paths.toReversed().map((path) => ({ kind: "delete", path, version: anyVersion }));
}

/** What stands in every tree that has been used, and goes with the namespace when nothing is below it; parents first. */
const ownParents: readonly string[] = [
  ...new Set([...topicParents, ...brokerZnodes, ...securityParents, "/elections", "/locks"]),
];

/**
 * Empties a tree of what stands above topics, elections and locks, and closes it. Undefined if more is there: a topic, a
 * session, or anything else that somebody created.
 */
export function closingStep(tree: ZnodeTree): readonly Operation[] | undefined {
  const expected: ReadonlySet<string> = new Set([
    ...ownParents.filter((path) => parentOf(path) === rootPath),
    "/zookeeper",
  ]);
  for (const name of tree.childNames(rootPath)) if (!expected.has(rootPath + name)) return undefined;
  if (tree.sessionCount > 0) return undefined;
  const removed = [...noticesIn(tree), ...ownParents.toReversed()].filter((path) => tree.node(path) !== undefined);
  return [
    ...removed.map((path) => ({ kind: "delete", path, version: anyVersion }) as const),
    { kind: "closeTree" } as const,
  ];
}

/** By them Kafka's tools tell brokers what those see anyway. */
function noticesIn(tree: ZnodeTree): readonly string[] {
  return [...tree.childNames(configNoticesPath)].slice(0, noticesMax).map((name) => `${configNoticesPath}/${name}`);
}

function create(path: string, data: Uint8Array | null): Operation {
  return { kind: "create", path, data, mode: "persistent" };
}

function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}
