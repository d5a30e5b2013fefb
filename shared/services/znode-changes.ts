/** The tree's log as a topic of one partition, `__znode_changes`: one record for each transaction, at the offset of its zxid. */
import { zxid } from "../brand.ts";
import { compress } from "../compression/compression.ts";
import { catchUpBytesMax, catchUpEntriesMax, readAtProbesMax } from "../limits.ts";
import { contiguousFrom } from "../log/chain.ts";
import { treeLogId } from "../log/log-id.ts";
import type { OutOfRange, PartitionRead } from "../partition/partition-reader.ts";
import { encodeBatch } from "../record/encode-batch.ts";
import type { LogEntry, LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { type Identity, isReadByAll, mayAccess, permission } from "../tree/acl.ts";
import { describeTransaction, type MayRead } from "../tree/describe-transaction.ts";
import { loadTreeEntry } from "../tree/replay.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import type { Namespaces } from "./namespace-service.ts";
import type { OffsetPoint, TopicDescription } from "./services.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export const znodeChangesTopic = "__znode_changes";

/** What describing it answers; nobody created it. */
export const znodeChangesDescription: TopicDescription = {
  name: znodeChangesTopic,
  topicId: "znode-changes",
  partitions: 1,
  config: {},
  createdAtMs: 0,
};

export class ZnodeChanges {
  readonly #storage: Storage;
  readonly #trees: TreeRegistry;
  readonly #namespaces: Namespaces;

  constructor(storage: Storage, trees: TreeRegistry, namespaces: Namespaces) {
    this.#storage = storage;
    this.#trees = trees;
    this.#namespaces = namespaces;
  }

  logId(namespace: string): LogId {
    return treeLogId(namespace);
  }

  /**
   * Batches from the one that holds `offset` on.
   *
   * @param identities who asks; undefined for the service itself
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError
   */
  async read(
    namespace: string,
    offset: number,
    { bytesMax }: { readonly bytesMax: number },
    identities: readonly Identity[] | undefined,
  ): Promise<PartitionRead | OutOfRange> {
    const { tree, highWatermark } = await this.#end(namespace);
    const logStartOffset = await this.#start(namespace);
    if (offset < logStartOffset || offset > highWatermark)
      return { kind: "out of range", highWatermark, lastStableOffset: highWatermark, logStartOffset };
    const batches: Uint8Array[] = [];
    let nextOffset = offset;
    let bytes = 0;
    const mayRead = readerOf(tree, identities);
    for await (const entry of this.#entries(namespace, offset, highWatermark)) {
      const batch = await this.#batchOf(entry, mayRead);
      if (batches.length > 0 && bytes + batch.length > bytesMax) break;
      batches.push(batch);
      bytes += batch.length;
      nextOffset = entry.next;
    }
    return {
      kind: "batches",
      batches,
      nextOffset,
      highWatermark,
      lastStableOffset: highWatermark,
      logStartOffset,
      aborted: [],
    };
  }

  /** For a timestamp the first transaction at or after it, -1 if there is none. @throws as `read` */
  async listOffset(
    namespace: string,
    point: OffsetPoint,
  ): Promise<{ readonly offset: number; readonly timestamp: number }> {
    const { highWatermark } = await this.#end(namespace);
    if (point.at === "latest") return { offset: highWatermark, timestamp: -1 };
    const start = await this.#start(namespace);
    if (point.at === "earliest") return { offset: start, timestamp: -1 };
    const found =
      point.at === "timestamp"
        ? await this.#findTime(namespace, point.timestampMs, start, highWatermark)
        : await this.#lastTime(namespace, start, highWatermark);
    return found ?? { offset: -1, timestamp: -1 };
  }

  async #end(namespace: string): Promise<{ readonly tree: ZnodeTree; readonly highWatermark: number }> {
    await this.#namespaces.require(namespace);
    const followed = this.#trees.tree(namespace);
    const tree = await followed.read();
    return { tree, highWatermark: followed.position };
  }

  async #start(namespace: string): Promise<number> {
    const { entries } = await this.#storage.logs.readFrom(treeLogId(namespace), 0, { entriesMax: 1, bytesMax: 1 });
    return entries[0]?.position ?? this.#trees.tree(namespace).position;
  }

  async *#entries(namespace: string, offset: number, end: number): AsyncGenerator<LogEntry, void> {
    const logId = treeLogId(namespace);
    if (offset >= end) return;
    const first = await this.#storage.logs.readAt(logId, offset);
    if (first === undefined || first.next <= offset) return;
    yield first;
    for (let { next } = first; next < end;) {
      const limits = { entriesMax: catchUpEntriesMax, bytesMax: catchUpBytesMax };
      const { entries } = await this.#storage.logs.readFrom(logId, next, limits);
      const chain = contiguousFrom(entries, next);
      yield* chain;
      const last = chain.at(-1);
      if (last === undefined) return;
      ({ next } = last);
    }
  }

  async #batchOf(entry: LogEntry, mayRead: MayRead): Promise<Uint8Array> {
    const utf8 = new TextEncoder();
    const transactions = await loadTreeEntry(this.#storage, entry);
    const records = transactions.map((transaction, index) => {
      const at = zxid(entry.position + index);
      const { key, value } = describeTransaction(transaction, at, entry.appendedAtMs, mayRead);
      const keyBytes = key === null ? null : utf8.encode(key);
      return { key: keyBytes, value: utf8.encode(value), timestamp: entry.appendedAtMs };
    });
    return encodeBatch({ records, baseOffset: entry.position }, compress);
  }

  async #lastTime(
    namespace: string,
    start: number,
    end: number,
  ): Promise<{ readonly offset: number; readonly timestamp: number } | undefined> {
    const entry = end > start ? await this.#storage.logs.readAt(treeLogId(namespace), end - 1) : undefined;
    return entry && { offset: entry.position, timestamp: entry.appendedAtMs };
  }

  /** The clocks of writers are close to each other, so times grow with the zxids. */
  async #findTime(
    namespace: string,
    timestampMs: number,
    start: number,
    end: number,
  ): Promise<{ readonly offset: number; readonly timestamp: number } | undefined> {
    let low = start;
    let high = end;
    let found: LogEntry | undefined;
    for (let probe = 0; probe < readAtProbesMax && low < high; probe += 1) {
      const entry = await this.#storage.logs.readAt(treeLogId(namespace), Math.floor((low + high) / 2));
      if (entry === undefined) break;
      if (entry.appendedAtMs >= timestampMs) {
        found = entry;
        high = entry.position;
      } else low = entry.next;
    }
    return found === undefined ? undefined : { offset: found.position, timestamp: found.appendedAtMs };
  }
}

function readerOf(tree: ZnodeTree, identities: readonly Identity[] | undefined): MayRead {
  return (aclIndex) => {
    const list = tree.acl(aclIndex);
    return isReadByAll(list) || mayAccess(list, permission.read, identities);
  };
}
