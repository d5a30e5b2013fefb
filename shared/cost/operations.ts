/**
 * What operations use of the stores, by the sizes of what they write and read. `npm run bench -- cost` compares it with what the
 * services really use; a test fails where they differ by more than a tenth.
 */
import { nothingUsed, type Usage, type UsageName, usageNames } from "../storage/usage.ts";

const writeUnitBytes = 1_024;
/** Of a consistent read; a query adds up the sizes of its items before it rounds. */
const readUnitBytes = 4_096;

/** An entry of a partition beside its payload: keys, attempt, times, and the meta of one batch. */
const entryBytes = 140;
/** The same of an entry that names a blob. */
const referenceBytes = 260;
/** An entry of a tree beside the data of its znode. */
const treeEntryBytes = 90;

/** A segment is an object with two indexes beside it. */
const segmentBlobs = 3;
/** What a sealer asks before and between: the end of the list, the first and the last entry. */
const sealReadUnits = 4;
/** What a sweep asks of namespaces, topics, sessions and transactions, and of each partition. */
const sweepReadUnits = 15;
const sweptPartitionReadUnits = 7;
/** Of one in which nothing has changed since. */
const restingPartitionReadUnits = 2;
/** Transactions between two snapshots of a tree. */
const snapshotTransactions = 1_000;
/** To send, receive and delete a message; only the first passes the storage port. */
export const queueRequestsPerMessage = 3;

export interface Batches {
  readonly count: number;
  readonly batchBytes: number;
  readonly inlineBytesMax: number;
}

/** Appends of one batch each, from a warm process without contention. */
export function usageOfAppends({ count, batchBytes, inlineBytesMax }: Batches): Usage {
  if (batchBytes <= inlineBytesMax) {
    return usage({ writeUnits: count * units(entryBytes + batchBytes, writeUnitBytes) });
  }
  return usage({ writeUnits: count, blobWrites: count, blobBytesWritten: count * batchBytes });
}

/** Fetches at the tail, of `entriesPerFetch` entries each. */
export function usageOfTailReads({ count, batchBytes, inlineBytesMax }: Batches, entriesPerFetch: number): Usage {
  const inline = batchBytes <= inlineBytesMax;
  const bytes = entriesPerFetch * (inline ? entryBytes + batchBytes : referenceBytes);
  return usage({
    readUnits: (count / entriesPerFetch) * units(bytes, readUnitBytes),
    blobReads: inline ? 0 : count,
    blobBytesRead: inline ? 0 : count * batchBytes,
  });
}

/** Joins batches into segments. */
export function usageOfSealing({ count, batchBytes, inlineBytesMax }: Batches, segments: number): Usage {
  const inline = batchBytes <= inlineBytesMax;
  const hotBytes = count * (inline ? entryBytes + batchBytes : referenceBytes);
  return usage({
    readUnits: hotBytes / readUnitBytes + segments * sealReadUnits,
    writeUnits: segments,
    blobWrites: segments * segmentBlobs,
    blobReads: inline ? 0 : count,
    blobBytesRead: inline ? 0 : count * batchBytes,
    blobBytesWritten: count * batchBytes,
  });
}

/** Fetches of what is sealed, from a process that knows the segment. */
export function usageOfSegmentReads(fetches: number, fetchBytes: number): Usage {
  return usage({ blobReads: fetches, blobBytesRead: fetches * fetchBytes });
}

/** Sweeps, which look at each partition; `lists` for each that still has garbage of its last days, none where all are at rest. */
export function usageOfSweeps(count: number, partitions: number, lists: number): Usage {
  const partitionReadUnits = lists > 0 ? sweptPartitionReadUnits : restingPartitionReadUnits;
  return usage({
    readUnits: count * (sweepReadUnits + partitions * partitionReadUnits),
    blobWrites: count * partitions * lists,
  });
}

/** One transaction each. */
export function usageOfZnodeWrites(count: number, dataBytes: number): Usage {
  const snapshots = count / snapshotTransactions;
  return usage({
    writeUnits: count * units(treeEntryBytes + dataBytes, writeUnitBytes) + snapshots,
    readUnits: snapshots,
    blobWrites: snapshots,
  });
}

/** Linearizable reads by a process that follows the tree, when little has changed since the last. */
export function usageOfZnodeReads(count: number): Usage {
  return usage({ readUnits: count });
}

export function usageOfHeartbeats(count: number): Usage {
  return usage({ writeUnits: count });
}

/** Looks at a lease that may be over; each asks for the next. */
export function usageOfSessionLooks(count: number): Usage {
  return usage({ readUnits: count, queueRequests: count });
}

/** Looks at who has subscribed to a log, few or none. */
export function usageOfSubscriberReads(count: number): Usage {
  return usage({ readUnits: count });
}

export function usageOfConnections(count: number): Usage {
  return usage({ writeUnits: count });
}

/** Three small writes to subscribe and two when the connection ends. */
export function usageOfSubscriptions(count: number): Usage {
  return usage({ writeUnits: count * 5 });
}

export function plus(...all: readonly Usage[]): Usage {
  const sum = nothingUsed();
  for (const each of all) for (const name of usageNames) sum[name] += each[name];
  return sum;
}

function usage(used: Partial<Record<UsageName, number>>): Usage {
  return { ...nothingUsed(), ...used };
}

function units(bytes: number, unitBytes: number): number {
  return Math.max(1, Math.ceil(bytes / unitBytes));
}
