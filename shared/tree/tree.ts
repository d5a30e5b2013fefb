/**
 * A namespace's tree in one process: follows the log, answers reads from memory, commits writes in groups, and sees to
 * it that a snapshot is never far behind.
 */
import {
  snapshotLogBytesMax,
  snapshotPartOfTree,
  snapshotTransactionsMax,
  treeQueueBytesMax,
  treeQueueRequestsMax,
} from "../limits.ts";
import type { Instant } from "../log/evidence.ts";
import type { AppendResult } from "../log/append-result.ts";
import { LogWriter } from "../log/log-writer.ts";
import { type Zxid, zxid } from "../brand.ts";
import type { LogEntry } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { ExpiryRequests } from "./expiry-requests.ts";
import { changesOf, RecentChanges, type ZxidEvents } from "./recent-changes.ts";
import { entryBytes, type RecoveredTree } from "./recover-tree.ts";
import type { Transaction } from "./transaction.ts";
import { concerns, type WatchScope } from "./tree-events.ts";
import { TreeMachine } from "./tree-machine.ts";
import type { TreeRefusal, TreeRequest, TreeResult } from "./tree-request.ts";
import { TreeWaiters } from "./tree-waiters.ts";
import { type SnapshotEnd, writeSnapshot } from "./write-snapshot.ts";
import type { ZnodeTree } from "./znode-tree.ts";

export type TreeWriteResult = AppendResult<TreeResult, TreeRefusal>;

/** Told of the events of transactions that were applied. */
export type TreeListener = (namespace: string, changes: readonly ZxidEvents[]) => void;

/** Goes along with the state that is followed; must not throw. */
export interface TreeCompanion {
  /** Another state is followed from now on: what happened up to it was not told. */
  rebuilt(state: ZnodeTree): void;
  /** `state` has gone on from `before` by transactions of which this is heard. */
  applied(state: ZnodeTree, before: number, changes: readonly ZxidEvents[]): void;
  /** After each look at the log. @throws as `Tree.read` */
  caughtUp(): Promise<void>;
}

export interface TreeCounts {
  readonly znodes: number;
  readonly ephemerals: number;
  readonly sessions: number;
  /** Callers that wait for changes. */
  readonly waiters: number;
  /** Of paths and data. */
  readonly dataBytes: number;
}

const snapshotPaceDefault = {
  transactionsMax: snapshotTransactionsMax,
  logBytesMax: snapshotLogBytesMax,
  partOfTree: snapshotPartOfTree,
};

function ignore(): void {}

/** Reads wait together: those that come while a query is under way share the next one. */
interface Reading {
  readonly running: Promise<ZnodeTree>;
  next?: Promise<ZnodeTree>;
}

export class Tree {
  readonly namespace: string;
  readonly #storage: Storage;
  readonly #writer: LogWriter<ZnodeTree, readonly Transaction[], TreeRequest, TreeResult, TreeRefusal>;
  #reading: Reading | undefined;
  /** The latest snapshot that is known, and bytes of log since. */
  #snapshot: SnapshotEnd = { position: 0, lengthBytes: 0 };
  #bytesSince = 0;
  #snapshotting: Promise<void> | undefined;
  readonly #told: TreeListener;
  /** Of the state that is followed now. */
  #recent = new RecentChanges(zxid(0));
  readonly #waiters: TreeWaiters;
  /** When this process last asked for znodes to be looked at whose time is over, and for when. */
  readonly #expiry: ExpiryRequests;

  readonly #companions = new Set<TreeCompanion>();

  /** Counts the times that the state was rebuilt: events in between were not told. */
  #generation = 0;

  /** @param told hears of what was applied, as it is applied; must not throw */
  constructor(storage: Storage, namespace: string, told: TreeListener = ignore) {
    this.#told = told;
    this.namespace = namespace;
    this.#storage = storage;
    const machine = new TreeMachine(storage, namespace, {
      recovered: (tree) => this.#afterRecovery(tree),
      applied: (tree, entry, transactions) => this.#afterEntry(tree, entry, transactions),
      appended: (tree, transactions) => this.#afterOwnEntry(tree, transactions),
    });
    const bounds = { requestsMax: treeQueueRequestsMax, bytesMax: treeQueueBytesMax, aheadBytes: Infinity };
    this.#writer = new LogWriter(storage, machine, bounds);
    this.#expiry = new ExpiryRequests(storage, namespace);
    this.#waiters = new TreeWaiters(storage, {
      logId: machine.logId,
      position: () => this.#writer.seen?.position ?? 0,
      catchUp: () => this.#lookAtLog(),
    });
  }

  /** The state that is followed now. */
  get state(): ZnodeTree | undefined {
    return this.#writer.seen?.state;
  }

  /** When the state was last known to be the latest, and which state that is; undefined while none is followed. */
  get followed(): { readonly evidence: Instant; readonly generation: number } | undefined {
    const seen = this.#writer.seen;
    return seen === undefined ? undefined : { evidence: seen.evidence, generation: this.#generation };
  }

  /** Behind the last transaction that this process has seen. */
  get position(): number {
    return this.#writer.seen?.position ?? 0;
  }

  /** What this process knows of the tree; undefined while none is followed. */
  get counts(): TreeCounts | undefined {
    const seen = this.#writer.seen;
    if (seen === undefined) return undefined;
    const { state } = seen;
    return {
      znodes: state.nodeCount,
      ephemerals: state.ephemeralTotal,
      sessions: state.sessionCount,
      waiters: this.#waiters.count,
      dataBytes: state.dataSize,
    };
  }

  /** Never rejects for what a store does; the result says what is known. One put when warm and without contention. */
  write(request: TreeRequest): Promise<TreeWriteResult> {
    return this.#writer.append(request);
  }

  /**
   * The tree with everything whose write was answered before the call (linearizable). One query when warm, shared by
   * those who ask meanwhile. What is returned goes on changing: read it before the next `await`.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError
   */
  read(): Promise<ZnodeTree> {
    if (this.#reading === undefined) return this.#startReading();
    const reading = this.#reading;
    reading.next ??= reading.running.then(
      () => this.#startReading(),
      () => this.#startReading(),
    );
    return reading.next;
  }

  /**
   * The tree at `atLeast` or later (session consistency). No request when this process has seen that much; else as `read`,
   * whose tree is older still if there is no such transaction.
   *
   * @throws as `read`
   */
  async readAtLeast(atLeast: Zxid): Promise<ZnodeTree> {
    const seen = this.#writer.seen;
    return seen !== undefined && seen.position > atLeast ? seen.state : await this.read();
  }

  /**
   * What happened after `since`, oldest first, as far as this process remembers; undefined if that is not far enough, and
   * the log is to be read. To be gone through before the next `await`.
   */
  changesAfter(since: number): Iterable<ZxidEvents> | undefined {
    return this.#recent.after(since);
  }

  /**
   * Resolves when there was an event after `after` in one of the scopes, when `ms` are over, or when the signal aborts;
   * never rejects. It may resolve too early: look again.
   */
  async waitFor(scopes: readonly WatchScope[], after: Zxid, ms: number, signal?: AbortSignal): Promise<void> {
    const known = this.#recent.after(after);
    if (known === undefined) return;
    for (const { events } of known) {
      if (events.some((event) => scopes.some((scope) => concerns(scope, event)))) return;
    }
    const wait = this.#waiters.wait(scopes, ms, signal);
    await (this.#storage.metrics?.waiting(wait) ?? wait);
  }

  /** As `changesAfter`, up to `upTo`; undefined if any of it is not remembered. */
  changesBetween(since: number, upTo: number): readonly ZxidEvents[] | undefined {
    return this.#recent.between(since, upTo);
  }

  /** Keeps the tree up with its log, and the companion with the tree, until the function that is returned is called. */
  accompany(companion: TreeCompanion): () => void {
    this.#companions.add(companion);
    const stop = this.#waiters.keepFollowing();
    return () => {
      if (this.#companions.delete(companion)) stop();
    };
  }

  /** Resolves when no snapshot is being written; never rejects. */
  async settled(): Promise<void> {
    await this.#snapshotting;
  }

  /** Writes a snapshot if one is due, and waits for it. */
  async snapshotIfDue(): Promise<void> {
    const tree = await this.read();
    this.#snapshotIfDue(tree, 1);
    await this.#snapshotting;
  }

  #startReading(): Promise<ZnodeTree> {
    const running = this.#writer.catchUp().then(({ state }) => state);
    const reading: Reading = { running };
    this.#reading = reading;
    const finish = (): void => {
      if (this.#reading === reading && reading.next === undefined) this.#reading = undefined;
    };
    running.then(finish, finish);
    return running;
  }

  #afterRecovery({ state, snapshot, replayedBytes }: RecoveredTree): void {
    this.#snapshot = snapshot;
    this.#bytesSince = replayedBytes;
    this.#recent = new RecentChanges(state.lastZxid);
    this.#generation += 1;
    this.#waiters.wakeAll();
    for (const companion of this.#companions) companion.rebuilt(state);
    // Whoever writes should have written one long ago.
    this.#snapshotIfDue(state, 2);
  }

  #afterEntry(tree: ZnodeTree, entry: LogEntry, transactions: readonly Transaction[]): void {
    this.#bytesSince += entryBytes(entry);
    const { position } = entry;
    const changes = changesOf(position, transactions);
    const isNew = this.#recent.add(position, transactions.length, changes);
    for (const companion of this.#companions) companion.applied(tree, Math.max(0, position - 1), changes);
    if (!isNew || changes.length === 0) return;
    this.#waiters.changed(changes);
    this.#told(this.namespace, changes);
  }

  async #lookAtLog(): Promise<void> {
    await this.read();
    for (const companion of this.#companions) await companion.caughtUp();
  }

  async #afterOwnEntry(tree: ZnodeTree, transactions: readonly Transaction[]): Promise<void> {
    this.#snapshotIfDue(tree, 1);
    await this.#expiry.afterChanges(tree, transactions);
  }

  #snapshotIfDue(tree: ZnodeTree, factor: number): void {
    if (this.#snapshotting !== undefined || !this.#isDue(tree, factor)) return;
    const image = tree.beginImage();
    this.#bytesSince = 0;
    this.#snapshotting = writeSnapshot(this.#storage, this.namespace, image)
      .then(
        (end) => {
          if (end.position > this.#snapshot.position) this.#snapshot = end;
        },
        // The older one still serves; after as many transactions again the next one is tried.
        () => {
          const position = Math.max(this.#snapshot.position, image.zxid + 1);
          this.#snapshot = { ...this.#snapshot, position };
        },
      )
      .finally(() => {
        this.#snapshotting = undefined;
      });
  }

  /** A large tree is written less often: what a cold follower replays is to stay small beside what it loads. */
  #isDue(tree: ZnodeTree, factor: number): boolean {
    const transactions = tree.lastZxid + 1 - this.#snapshot.position;
    const pace = this.#storage.snapshotPace ?? snapshotPaceDefault;
    const transactionsMax = Math.max(pace.transactionsMax, tree.nodeCount * pace.partOfTree);
    const logBytesMax = Math.max(pace.logBytesMax, this.#snapshot.lengthBytes * pace.partOfTree);
    return transactions >= transactionsMax * factor || (transactions > 0 && this.#bytesSince >= logBytesMax * factor);
  }
}
