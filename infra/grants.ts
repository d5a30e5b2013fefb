/** What each function may do. */
import type { IRole } from "aws-cdk-lib/aws-iam";
import type { CapabilityName, PushCapability } from "./capabilities.ts";
import type { BlobBucket } from "./constructs/blob-bucket.ts";
import type { CapabilityFunction } from "./constructs/capability-function.ts";
import type { DutyQueue } from "./constructs/duty-queue.ts";
import type { ItemTable } from "./constructs/item-table.ts";
import type { LogTable } from "./constructs/log-table.ts";
import type { Schedules } from "./constructs/schedules.ts";

export interface Stores {
  readonly logs: LogTable;
  readonly items: ItemTable;
  readonly blobs: BlobBucket;
  readonly duties: DutyQueue;
  readonly expiry: DutyQueue;
  readonly schedules: Schedules;
}

export type Functions = Readonly<Record<Exclude<CapabilityName, PushCapability>, CapabilityFunction>>;
export type PushFunctions = Readonly<Record<PushCapability, CapabilityFunction>>;

/**
 * What each function may do: the requests that its service makes of the ports.
 *
 * Finding a topic falls back on the namespace's tree, and then brings up the item that should have told of it. Fetch may
 * not: it writes nothing, finds the topic all the same, and leaves the item to whoever may.
 */
export function grantAll(functions: Functions, stores: Stores): void {
  grantLog(functions, stores);
  grantCoordination(functions, stores);
  grantGroups(functions, stores);
  grantTransactions(functions, stores);
  grantErasing(functions, stores);
  grantHandover(functions, stores);
  grantAsking(functions, stores);
}

/** Who appends to any log makes sure that somebody looks at it later; who finds something due later asks for that. */
function grantAsking(functions: Functions, { schedules }: Stores): void {
  const { topics, produce, groups, transactions, znode, sessions, election, reap, seal, sweep, handover } = functions;
  const asking = [topics, produce, groups, transactions, znode, sessions, election, reap, seal, sweep, handover];
  for (const { role } of asking) {
    schedules.grantAsk(role);
  }
}

/** Subscriptions are taken by who may read, and dropped by who finds a connection gone. */
export function grantPush({ push, notify }: PushFunctions, functions: Functions, stores: Stores): void {
  const { logs, items, blobs } = stores;
  for (const { role } of [functions.fetch, functions.znode]) {
    items.grantUpdate(role, "connections:*");
    items.grantPut(role, "subscribers:*");
  }
  items.grantUpdate(push.role, "connections:*");
  items.grantDelete(push.role, "connections:*");
  for (const { role } of [push, notify]) {
    items.grantList(role, "connections:*");
    items.grantErase(role, "connections:*", "subscribers:*");
  }
  items.grantList(notify.role, "subscribers:*");
  logs.grantRead(notify.role, "tree", "snapshots");
  blobs.grantRead(notify.role, "znodes", "snapshots");
}

function grantCoordination(functions: Functions, { logs, items, blobs, expiry }: Stores): void {
  const { znode, sessions, election, reap, sweep } = functions;
  for (const { role } of [znode, sessions, election, reap]) {
    logs.grantAppend(role, "tree", "snapshots");
    blobs.grantWrite(role, "znodes", "snapshots");
    blobs.grantRead(role, "znodes", "snapshots");
    expiry.grantAsk(role);
  }
  for (const { role } of [znode, sessions, election]) items.grantGet(role, "namespaces");
  for (const { role } of [sessions, reap]) {
    items.grantUpdate(role, "sessions:*");
    items.grantDelete(role, "sessions:*");
  }
  logs.grantAppend(sweep.role, "tree");
  blobs.grantWrite(sweep.role, "znodes");
  items.grantList(sweep.role, "sessions:*");
  items.grantUpdate(sweep.role, "sessions:*");
  items.grantDelete(sweep.role, "sessions:*");
  expiry.grantAsk(sweep.role);
}

function grantLog(functions: Functions, stores: Stores): void {
  const { logs, items, blobs, duties } = stores;
  const { health, topics, produce, fetch, seal, sweep } = functions;

  items.grantUpdate(health.role, "health");

  logs.grantAppend(topics.role, "tree", "snapshots");
  blobs.grantWrite(topics.role, "znodes", "snapshots");
  blobs.grantRead(topics.role, "znodes", "snapshots");
  items.grantList(topics.role, "namespaces");
  items.grantUpdate(topics.role, "topics:*");
  items.grantPut(topics.role, "garbage");

  grantAppending(produce.role, stores);
  items.grantUpdate(produce.role, "partitions:*");
  items.grantPut(produce.role, "producer-ids");

  logs.grantRead(fetch.role, "partition", "segments", "tree", "snapshots");
  blobs.grantRead(fetch.role, "hot", "segments", "znodes", "snapshots");
  items.grantGet(fetch.role, "namespaces", "topics:*", "partitions:*");

  logs.grantRead(seal.role, "partition");
  logs.grantAppend(seal.role, "segments");
  logs.grantTrim(seal.role, "segments");
  blobs.grantRead(seal.role, "hot", "segments");
  blobs.grantWrite(seal.role, "segments");
  blobs.grantCollect(seal.role, "hot", "segments");
  items.grantUpdate(seal.role, "partitions:*");
  duties.grantAsk(seal.role);

  logs.grantRead(sweep.role, "partition");
  logs.grantTrim(sweep.role, "segments", "tree", "snapshots");
  logs.grantAppend(sweep.role, "snapshots");
  blobs.grantRead(sweep.role, "segments", "znodes", "snapshots");
  blobs.grantWrite(sweep.role, "snapshots");
  blobs.grantCollect(sweep.role, "hot", "segments", "znodes", "snapshots");
  items.grantList(sweep.role, "namespaces", "topics:*", "garbage", "partitions:*");
  items.grantUpdate(sweep.role, "topics:*", "garbage", "partitions:*");
  items.grantDelete(sweep.role, "topics:*", "garbage", "partitions:*");
  duties.grantAsk(sweep.role);
}

/** Finds topics in their trees alone, and seals. */
function grantHandover({ handover: { role } }: Functions, { logs, items, blobs }: Stores): void {
  logs.grantRead(role, "partition", "tree", "snapshots");
  logs.grantAppend(role, "segments");
  blobs.grantRead(role, "hot", "segments", "znodes", "snapshots");
  blobs.grantWrite(role, "segments");
  items.grantList(role, "namespaces");
}

/** Who deletes a namespace erases what it left, and the sweep what that one did not come to. */
function grantErasing({ topics, sweep }: Functions, { items }: Stores): void {
  const left = ["groups:*", "share:*", "transactions:*", "sessions:*"] as const;
  for (const { role } of [topics, sweep]) {
    items.grantUpdate(role, "namespaces");
    items.grantList(role, "topics:*", ...left);
    items.grantDelete(role, "namespaces", "topics:*", ...left);
  }
}

/** May find topics and append to their partitions. */
function grantAppending(role: IRole, { logs, items, blobs, duties }: Stores): void {
  logs.grantAppend(role, "partition");
  logs.grantRead(role, "segments", "tree", "snapshots");
  blobs.grantWrite(role, "hot");
  blobs.grantRead(role, "hot", "segments", "znodes", "snapshots");
  items.grantGet(role, "namespaces");
  items.grantUpdate(role, "topics:*");
  items.grantPut(role, "garbage");
  duties.grantAsk(role);
}

/** Lags are read from partitions; dead letters and redrives are appended to them. */
function grantGroups({ groups }: Functions, stores: Stores): void {
  const { items } = stores;
  grantAppending(groups.role, stores);
  items.grantGet(groups.role, "partitions:*");
  items.grantList(groups.role, "groups:*", "share:*");
  items.grantUpdate(groups.role, "groups:*", "share:*");
  items.grantDelete(groups.role, "groups:*", "share:*");
}

/** Whoever meets a transaction that was decided, or is over its time, ends it: in its partitions and in its groups. */
function grantTransactions({ produce, transactions, reap, sweep }: Functions, stores: Stores): void {
  const { items, expiry } = stores;
  for (const { role } of [transactions, reap, sweep]) {
    grantAppending(role, stores);
    // One whose epochs are used up gets a new id.
    items.grantPut(role, "producer-ids");
  }
  for (const { role } of [produce, transactions, reap, sweep]) {
    items.grantUpdate(role, "transactions:*", "groups:*");
    expiry.grantAsk(role);
  }
  for (const { role } of [transactions, sweep]) items.grantList(role, "transactions:*");
  // A group that was forgotten makes way for what is committed anew.
  items.grantDelete(transactions.role, "groups:*");
}
