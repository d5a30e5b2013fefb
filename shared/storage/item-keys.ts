/**
 * Every key of the item store and of the blob store is built here.
 *
 * | what                    | partition              | sort                 | read by                             | written by          |
 * |-------------------------|------------------------|----------------------|-------------------------------------|---------------------|
 * | namespace               | `namespaces`           | name                 | get by name, list                   | create, delete      |
 * | topic projection        | `topics:<ns>`          | topic name           | get by name                         | tree writer, heal   |
 * | partition state         | `partitions:<topicId>` | 10-digit partition   | get; all of a topic by query        | truncate, retention, compaction, sweep |
 * | producer id counter     | `producer-ids`         | shard                | -                                   | blocks of ids       |
 * | deleted topic           | `garbage`              | topicId              | sweep, list                         | delete topic        |
 * | deleted share group     | `garbage`              | `share:` and its id  | sweep, list                         | delete share group, delete namespace |
 * | lease of a session      | `sessions:<ns>`        | 19-digit session id  | reaper, sweep                       | create, heartbeat   |
 * | transaction             | `transactions:<ns>`    | transactional id, or U+0001 and the id of a one-call write | get, list, sweep | begin, end, recovery |
 * | group (any kind)        | `groups:<ns>`          | group id             | get, list                           | joins, heartbeats, commits |
 * | share partition         | `share:<ns>:<group>`   | topicId `:` 10-digit partition | get; all of a group by query | acquire, acknowledge |
 * | connection for hints    | `connections:<connection>` | `connection`     | subscribe                           | connect, subscribe, disconnect |
 * | its subscriptions       | `connections:<connection>` | `subscription:<id>` | disconnect, by query            | subscribe, unsubscribe |
 * | who listens to a log    | `subscribers:<log>`    | connection `:` id    | notify, by query                    | subscribe, unsubscribe, disconnect |
 * | health check            | `health`               | one of 64 characters | get                                 | health check        |
 *
 * | blob                    | key                                                                   |
 * |-------------------------|-----------------------------------------------------------------------|
 * | payload of a hot entry  | `hot/<topicId>/<partition>/<id>`                                      |
 * | segment and its indexes | `segments/<topicId>/<partition>/<20-digit base offset>-<id>.log` (`.index`, `.timeindex`) |
 * | compacted segments, and the list of them | `segments/<topicId>/<partition>/<20-digit offset>-compacted.<id>.log` (`.index`, `.timeindex`, `.manifest`) |
 * | snapshot of a tree      | `snapshots/<namespace>/<20-digit zxid>-<id>`                          |
 * | large data of a tree    | `znodes/<namespace>/<id>`                                             |
 */
import type { ItemKey } from "./item-store.ts";

const digits = (value: number, width: number): string => String(value).padStart(width, "0");

export const namespacesPartition = "namespaces";

export function namespaceKey(namespace: string): ItemKey {
  return { partition: namespacesPartition, sort: namespace };
}

export function topicsPartition(namespace: string): string {
  return `topics:${namespace}`;
}

export function topicKey(namespace: string, topic: string): ItemKey {
  return { partition: topicsPartition(namespace), sort: topic };
}

export function partitionsPartition(topicId: string): string {
  return `partitions:${topicId}`;
}

export function partitionKey(topicId: string, partition: number): ItemKey {
  return { partition: partitionsPartition(topicId), sort: digits(partition, 10) };
}

export function producerIdsKey(shard: string): ItemKey {
  return { partition: "producer-ids", sort: shard };
}

export const garbagePartition = "garbage";

export function garbageKey(topicId: string): ItemKey {
  return { partition: garbagePartition, sort: topicId };
}

/** No id of a topic has a colon. */
export function shareGarbageKey(groupId: string): ItemKey {
  return { partition: garbagePartition, sort: `share:${groupId}` };
}

/** All payload blobs of a partition's hot entries start with it. */
export function hotBlobPrefix(topicId: string, partition: number): string {
  return `hot/${topicId}/${partition}/`;
}

export function hotBlobKey(topicId: string, partition: number, id: string): string {
  return hotBlobPrefix(topicId, partition) + id;
}

/** All blobs of a partition's segments start with it. */
export function segmentBlobPrefix(topicId: string, partition: number): string {
  return `segments/${topicId}/${partition}/`;
}

/** All blobs of a topic's partitions start with one of them. */
export function topicBlobPrefixes(topicId: string): readonly string[] {
  return [`hot/${topicId}/`, `segments/${topicId}/`];
}

/** The common start of a segment's three blobs; `.log`, `.index` and `.timeindex` follow. */
export function segmentBlobStem(topicId: string, partition: number, baseOffset: number, id: string): string {
  return `${segmentBlobPrefix(topicId, partition)}${digits(baseOffset, 20)}-${id}`;
}

/** In the place of a segment's id: what one run of compaction has written. Ids of segments have no dot. */
export function compactedSegmentId(id: string): string {
  return `compacted.${id}`;
}

export function compactedManifestKey(topicId: string, partition: number, cleanedTo: number, id: string): string {
  return `${segmentBlobStem(topicId, partition, cleanedTo, compactedSegmentId(id))}.manifest`;
}

export function snapshotBlobPrefix(namespace: string): string {
  return `snapshots/${namespace}/`;
}

export function snapshotBlobKey(namespace: string, zxid: number, id: string): string {
  return `${snapshotBlobPrefix(namespace)}${digits(zxid, 20)}-${id}`;
}

export function znodeBlobPrefix(namespace: string): string {
  return `znodes/${namespace}/`;
}

export function znodeBlobKey(namespace: string, id: string): string {
  return znodeBlobPrefix(namespace) + id;
}

export function sessionsPartition(namespace: string): string {
  return `sessions:${namespace}`;
}

export function sessionKey(namespace: string, sessionId: bigint): ItemKey {
  return { partition: sessionsPartition(namespace), sort: sessionId.toString().padStart(19, "0") };
}

export function transactionsPartition(namespace: string): string {
  return `transactions:${namespace}`;
}

export function transactionKey(namespace: string, transactionalId: string): ItemKey {
  return { partition: transactionsPartition(namespace), sort: transactionalId };
}

/** Consumer groups and share groups share their names. */
export function groupsPartition(namespace: string): string {
  return `groups:${namespace}`;
}

/** A consumer group or a share group, as its attribute `kind` says. */
export function groupKey(namespace: string, group: string): ItemKey {
  return { partition: groupsPartition(namespace), sort: group };
}

/** All share partitions of a group. */
export function sharePartition(namespace: string, group: string): string {
  return `share:${namespace}:${group}`;
}

export function shareKey(namespace: string, group: string, topicId: string, partition: number): ItemKey {
  return { partition: sharePartition(namespace, group), sort: `${topicId}:${digits(partition, 10)}` };
}

/** A connection and its subscriptions. */
export function connectionPartition(connectionId: string): string {
  return `connections:${connectionId}`;
}

export function connectionKey(connectionId: string): ItemKey {
  return { partition: connectionPartition(connectionId), sort: "connection" };
}

export const subscriptionSortPrefix = "subscription:";

export function subscriptionKey(connectionId: string, subscriptionId: string): ItemKey {
  return { partition: connectionPartition(connectionId), sort: subscriptionSortPrefix + subscriptionId };
}

/** All who listen to a log. */
export function subscribersPartition(logId: string): string {
  return `subscribers:${logId}`;
}

export function subscriberKey(logId: string, connectionId: string, subscriptionId: string): ItemKey {
  return { partition: subscribersPartition(logId), sort: `${connectionId}:${subscriptionId}` };
}

export function healthKey(shard: string): ItemKey {
  return { partition: "health", sort: shard };
}
