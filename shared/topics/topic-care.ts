/**
 * What is to be done about a topic as a client of ZooKeeper left it, or looks for it: pure. The multi is refused where the tree has
 * changed meanwhile, so any number of gateways may try the same.
 */
import { ledPartitionsMax } from "../limits/topic-care.ts";
import { anyVersion, type Operation } from "../tree/tree-request.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import { brokerPath, brokersPath, controllerEpochPath, decodeBroker, decodeEpoch, nodeIdOf } from "./broker-znodes.ts";
import { decodeState, encodeState, partitionPath, statePath } from "./partition-state.ts";
import { findConfigProblem } from "./topic-config.ts";
import { findTopicNameProblem, isReservedTopicName } from "./topic-name.ts";
import { deletionsBelow, fence } from "./topic-steps.ts";
import {
  encodeAssignment,
  encodeKeptId,
  findTopic,
  findTopicZnode,
  partitionsPath,
  type ReplicaLists,
  topicConfigPath,
  topicPath,
  type TopicZnode,
} from "./topic-znodes.ts";

export const deletedTopicsPath = "/admin/delete_topics";

/** Who is named as a partition's leader; undefined where nobody is registered. */
export type LeaderOf = (topicId: string, partition: number, nodeIds: readonly number[]) => number | undefined;

export interface CarePlan {
  /** None where everything is as it should be, or cannot be. */
  readonly operations: readonly Operation[];
  /** What is wrong with what somebody wrote, for a person. */
  readonly problem?: string | undefined;
}

export interface CareOptions {
  /** For a topic that has none. */
  readonly topicId: string;
  /** Absent where nobody looks for who leads a partition. */
  readonly leaderOf?: LeaderOf | undefined;
}

/** True for a topic that somebody wrote without an id. */
export function lacksId({ replicas, writtenId, keptId }: TopicZnode, name: string): boolean {
  return replicas !== undefined && writtenId === undefined && keptId === undefined && nameProblem(name) === undefined;
}

/** Gives the topic an id if it has none, puts back what others have left out, and says who leads its partitions. */
export function carePlan(tree: ZnodeTree, name: string, { topicId: newId, leaderOf }: CareOptions): CarePlan {
  const found = findTopicZnode(tree, name);
  if (found === undefined) return { operations: [] };
  const problem = nameProblem(name);
  if (problem !== undefined) return { operations: [], problem };
  const { node, replicas } = found;
  if (replicas === undefined) return { operations: [], problem: "it does not assign partitions 0, 1, … to brokers" };
  const topicId = found.keptId ?? found.writtenId ?? newId;
  const nodeIds = leaderOf === undefined ? [] : registeredIds(tree);
  const leaders = replicas.map((_list, partition) => leaderOf?.(topicId, partition, nodeIds));
  const listed = replicas.map((list, partition) => (list.length > 0 ? list : listOf(leaders[partition])));
  const operations: Operation[] = [];
  if (
    found.writtenId !== topicId ||
    listed.some((list, partition) => list.length > (replicas[partition]?.length ?? 0))
  ) {
    const data = encodeAssignment({ topicId, partitions: replicas.length }, listed);
    operations.push({ kind: "setData", path: topicPath(name), data, version: node.version });
  } else {
    operations.push({ kind: "check", path: topicPath(name), version: node.version });
  }
  const beside = [
    ...(leaderOf === undefined && found.writtenId === topicId ? [] : idStep(tree, name, found, topicId)),
    ...stateSteps(tree, name, { leaders, listed, nodeIds }),
  ];
  const isSettled = operations[0]?.kind === "check" && beside.length === 0;
  const wrong = findConfigProblem(findTopic(tree, name)?.config ?? {})?.message;
  // It is a topic all the same: every gateway serves every partition.
  const unknown = found.keptId === undefined ? unknownBroker(replicas, nodeIds) : undefined;
  return {
    operations: isSettled ? [] : [fence({ name, czxid: node.czxid }), ...operations, ...beside],
    problem:
      wrong ?? (unknown === undefined ? undefined : `it names broker ${unknown}, and no such broker is registered`),
  };
}

function unknownBroker(replicas: ReplicaLists, nodeIds: readonly number[]): number | undefined {
  if (nodeIds.length === 0) return undefined;
  const known = new Set(nodeIds);
  return replicas.flat().find((nodeId) => !known.has(nodeId));
}

function idStep(tree: ZnodeTree, name: string, { keptId }: TopicZnode, topicId: string): readonly Operation[] {
  if (keptId === topicId) return [];
  const path = partitionsPath(name);
  const node = tree.node(path);
  const data = encodeKeptId(topicId);
  return [
    node === undefined
      ? { kind: "create", path, data, mode: "persistent" }
      : { kind: "setData", path, data, version: node.version },
  ];
}

interface Leading {
  readonly leaders: readonly (number | undefined)[];
  readonly listed: ReplicaLists;
  readonly nodeIds: readonly number[];
}

function stateSteps(tree: ZnodeTree, name: string, { leaders, listed, nodeIds }: Leading): readonly Operation[] {
  if (leaders.length > ledPartitionsMax) return [];
  const live = new Set(nodeIds);
  const controllerEpoch = decodeEpoch(tree.node(controllerEpochPath)?.data);
  return leaders.flatMap((leader, partition): readonly Operation[] => {
    if (leader === undefined) return [];
    const path = statePath(name, partition);
    const node = tree.node(path);
    const state = decodeState(node?.data);
    const others = (listed[partition] ?? []).filter((nodeId) => nodeId !== leader && live.has(nodeId));
    const isr = [leader, ...others];
    if (state?.leader === leader && isSame(state.isr, isr)) return [];
    const leaderEpoch = state === undefined ? 0 : state.leaderEpoch + (state.leader === leader ? 0 : 1);
    const data = encodeState({ leader, leaderEpoch, isr }, controllerEpoch);
    if (node !== undefined) return [{ kind: "setData", path, data, version: node.version }];
    const parent = partitionPath(name, partition);
    return [
      ...(tree.node(parent) === undefined
        ? [{ kind: "create", path: parent, data: null, mode: "persistent" } as const]
        : []),
      { kind: "create", path, data, mode: "persistent" },
    ];
  });
}

/**
 * Deletes what a client asked to be deleted, and the znode by which it asked, in one: so what is created under the name later is
 * not taken for it. Empty where nobody asks.
 */
export function askedDeletion(tree: ZnodeTree, name: string, operationsMax: number): readonly Operation[] {
  const path = `${deletedTopicsPath}/${name}`;
  const asked = tree.node(path);
  if (asked === undefined) return [];
  const done: Operation = { kind: "delete", path, version: asked.version };
  const marked: readonly Operation[] = [{ kind: "fence", path, czxid: asked.czxid }];
  const topic = tree.node(topicPath(name));
  if (topic === undefined || topic.czxid > asked.czxid) return [...marked, done];
  const { czxid, version } = topic;
  const config = tree.node(topicConfigPath(name));
  return [
    ...marked,
    fence({ name, czxid }),
    ...deletionsBelow(tree, partitionsPath(name), operationsMax - 5),
    { kind: "delete", path: topicPath(name), version },
    ...(config === undefined ? [] : [{ kind: "delete", path: topicConfigPath(name), version: anyVersion } as const]),
    done,
  ];
}

function nameProblem(name: string): string | undefined {
  if (isReservedTopicName(name)) return "the name is reserved";
  return findTopicNameProblem(name);
}

/** As a function of the tree alone, so that all gateways that see the same tree say the same. */
function registeredIds(tree: ZnodeTree): readonly number[] {
  return [...tree.childNames(brokersPath)]
    .flatMap((child) => nodeIdOf(child) ?? [])
    .filter((nodeId) => decodeBroker(tree.node(brokerPath(nodeId))?.data) !== undefined)
    .toSorted((one, other) => one - other);
}

function listOf(leader: number | undefined): readonly number[] {
  return leader === undefined ? [] : [leader];
}

function isSame(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((nodeId, index) => nodeId === other[index]);
}
