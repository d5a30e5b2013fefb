/** Writes a snapshot of a tree and lists it in the log of snapshots, whose chain is that of the tree's zxids. */
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { snapshotsLogId } from "../log/log-id.ts";
import { putEntry } from "../log/put-entry.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { snapshotBlobKey } from "../storage/item-keys.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { encodeSnapshot } from "./snapshot-codec.ts";
import type { TreeImage } from "./tree-image.ts";

/** Times that the end of the log of snapshots is looked for, when storing took longer than a proof lasts. */
const listAttemptsMax = 3;
const metaVersion = 1;

/** What is known of a snapshot that is listed. */
export interface SnapshotEnd {
  /** Behind its last transaction; 0 if there is none. */
  readonly position: number;
  readonly lengthBytes: number;
}

/**
 * Stores `image` and closes it. Answers what is known of the latest snapshot: this one, or one that another process wrote
 * meanwhile.
 *
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError the older snapshot still serves
 */
export async function writeSnapshot(storage: Storage, namespace: string, image: TreeImage): Promise<SnapshotEnd> {
  try {
    let tail = await findTail(storage, namespace);
    if (tail.position > image.zxid) return tail;
    const storedAt = instantOf(storage.clock);
    const key = snapshotBlobKey(namespace, image.zxid, storage.random.id());
    const chunks = await encodeGently(storage, image);
    await storage.blobs.put(key, chunks);
    const lengthBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    for (let attempt = 0; attempt < listAttemptsMax; attempt += 1) {
      const outcome = await list(storage, namespace, tail, image, { key, lengthBytes, storedAt });
      if (outcome !== "again") return outcome;
      tail = await findTail(storage, namespace);
      if (tail.position > image.zxid) break;
    }
    return tail;
  } finally {
    image.close();
  }
}

interface Tail extends SnapshotEnd {
  readonly evidence: Instant;
}

async function findTail(storage: Storage, namespace: string): Promise<Tail> {
  const evidence = instantOf(storage.clock);
  const last = await storage.logs.readLast(snapshotsLogId(namespace));
  const lengthBytes = last?.payload.kind === "blob" ? last.payload.lengthBytes : 0;
  return { position: last?.next ?? 0, lengthBytes, evidence };
}

/** All chunks, with room for others between them. */
async function encodeGently(storage: Storage, image: TreeImage): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for (const chunk of encodeSnapshot(image)) {
    chunks.push(chunk);
    await storage.timers.sleep(0);
  }
  return chunks;
}

/** Where the snapshot ends, or "again" when the tail must be looked for once more. */
async function list(
  storage: Storage,
  namespace: string,
  tail: Tail,
  image: TreeImage,
  blob: { readonly key: string; readonly lengthBytes: number; readonly storedAt: Instant },
): Promise<SnapshotEnd | "again"> {
  const now = instantOf(storage.clock);
  // A blob that nothing refers to may be collected after the grace period; long before it, it may be referred to.
  if (!isFresh(blob.storedAt, now, storage.lifetimes.graceMs / 4)) return tail;
  const entry: LogEntry = {
    logId: snapshotsLogId(namespace),
    position: tail.position,
    next: image.zxid + 1,
    attempt: storage.random.id(),
    appendedAtMs: now.wallMs,
    meta: encodeMeta(image),
    payload: { kind: "blob", key: blob.key, lengthBytes: blob.lengthBytes },
  };
  const outcome = await putEntry(storage, entry, tail.evidence);
  switch (outcome.kind) {
    case "appended":
      return { position: entry.next, lengthBytes: blob.lengthBytes };
    case "stale":
    case "lost":
      return "again";
    case "unknown":
    case "refused":
      throw outcome.cause;
  }
}

/** For who looks at the log by hand: version:u8 nodeCount:varlong. */
function encodeMeta(image: TreeImage): Uint8Array {
  const out = new ByteWriter(16);
  out.u8(metaVersion);
  out.unsignedVarlongSafe(image.nodeCount);
  return out.finish();
}
