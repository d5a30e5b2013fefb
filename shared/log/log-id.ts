/**
 * Names of the logs (DESIGN section 1).
 *
 *     partition:<topicId>:<n>   records of a topic partition, by offset
 *     segments:<topicId>:<n>    sealed segments of a partition, by base offset
 *     tree:<namespace>          transactions of a znode tree, by zxid
 *     snapshots:<namespace>     snapshots of a tree, by zxid
 */
import type { LogId } from "../storage/log-store.ts";

export function partitionLogId(topicId: string, partition: number): LogId {
  return `partition:${topicId}:${partition}` as LogId;
}

export function segmentsLogId(topicId: string, partition: number): LogId {
  return `segments:${topicId}:${partition}` as LogId;
}

export function treeLogId(namespace: string): LogId {
  return `tree:${namespace}` as LogId;
}

export function snapshotsLogId(namespace: string): LogId {
  return `snapshots:${namespace}` as LogId;
}
