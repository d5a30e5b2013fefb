/**
 * What clients of ZooKeeper look at to know who leads a partition (Kafka 3.5 `TopicPartitionStateZNode`):
 *
 *     /brokers/topics/<topic>/partitions/<n>/state   {"controller_epoch":…,"leader":…,"version":1,"leader_epoch":…,"isr":[…]}
 */
import { isNodeId } from "./broker-znodes.ts";
import { partitionsPath } from "./topic-znodes.ts";

export interface PartitionState {
  readonly leader: number;
  /** Grows with each leader. */
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
}

export function partitionPath(topic: string, partition: number): string {
  return `${partitionsPath(topic)}/${partition}`;
}

export function statePath(topic: string, partition: number): string {
  return `${partitionPath(topic, partition)}/state`;
}

export function encodeState({ leader, leaderEpoch, isr }: PartitionState, controllerEpoch: number): Uint8Array {
  const state = { controller_epoch: controllerEpoch, leader, version: 1, leader_epoch: leaderEpoch, isr };
  return new TextEncoder().encode(JSON.stringify(state));
}

/** Undefined for what is none: anybody may write there. */
export function decodeState(data: Uint8Array | null | undefined): PartitionState | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(new TextDecoder().decode(data ?? new Uint8Array()));
  } catch {
    return undefined;
  }
  if (typeof fields !== "object" || fields === null) return undefined;
  const { leader, leader_epoch: leaderEpoch, isr } = fields as Readonly<Record<string, unknown>>;
  const nodeIds: readonly unknown[] = Array.isArray(isr) ? isr : [];
  if (!isNodeId(leader) || !isNodeId(leaderEpoch) || nodeIds.length === 0) return undefined;
  return nodeIds.every((nodeId) => isNodeId(nodeId)) ? { leader, leaderEpoch, isr: nodeIds } : undefined;
}
