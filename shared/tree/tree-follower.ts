/**
 * Goes along with a tree for a listener that hears of each change, in the order of zxids and once, before anybody can see
 * it: what is read from `view` and what the listener was told are always the same.
 *
 *     in step ──(entry applied: tell, in the same step)──► in step
 *        └──(state rebuilt)──► behind: no view ──(what was missed, from memory or the log: tell)──► in step
 *                                    └──(the log has it no longer: say that there is a gap)──► in step
 */
import { zxid } from "../brand.ts";
import { pollMsMax } from "../limits.ts";
import { changesSinceReadsMax, followedReadsMax, gapReadsMax, tellingTriesMax } from "../limits/follower.ts";
import { StorageUnavailableError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { type Changes, readOldChanges } from "./read-changes.ts";
import type { ZxidEvents } from "./recent-changes.ts";
import type { TreeRequest } from "./tree-request.ts";
import type { Tree, TreeCompanion, TreeWriteResult } from "./tree.ts";
import type { ZnodeTree } from "./znode-tree.ts";

/** What happens to a tree; neither may throw. */
export interface ChangeListener {
  /** `tree` has the changes already, and may have more; what happened in transactions that nobody hears of is left out. */
  changed(changes: readonly ZxidEvents[], tree: ZnodeTree): void;
  /** Something happened that cannot be told any more: all that is known is how the tree is now. */
  gap(tree: ZnodeTree): void;
}

export class TreeFollower implements TreeCompanion {
  readonly #storage: Storage;
  readonly #tree: Tree;
  readonly #listener: ChangeListener;
  #stop: () => void;
  /** Undefined before it has begun and after it has ended. */
  #state: ZnodeTree | undefined;
  /** The last transaction that the listener was told of. */
  #toldTo = 0;
  #telling: Promise<void> | undefined;

  private constructor(storage: Storage, tree: Tree, listener: ChangeListener) {
    this.#storage = storage;
    this.#tree = tree;
    this.#listener = listener;
    this.#stop = tree.accompany(this);
  }

  /**
   * Follows from now on.
   *
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError
   */
  static async begin(storage: Storage, tree: Tree, listener: ChangeListener): Promise<TreeFollower> {
    const follower = new TreeFollower(storage, tree, listener);
    try {
      await follower.#begin();
      return follower;
    } catch (cause) {
      follower.close();
      throw cause;
    }
  }

  get view(): ZnodeTree | undefined {
    return this.#state?.lastZxid === this.#toldTo ? this.#state : undefined;
  }

  /** @throws as `begin` */
  async latest(): Promise<ZnodeTree> {
    for (let attempt = 0; attempt < followedReadsMax; attempt += 1) {
      const { lastZxid } = await this.#tree.read();
      if (this.view === undefined) await this.caughtUp();
      const { view } = this;
      if (view !== undefined && view.lastZxid >= lastZxid) return view;
    }
    throw new StorageUnavailableError(`the tree of ${this.#tree.namespace} is not followed`);
  }

  /** @throws as `begin` */
  async atLeast(seen: number): Promise<ZnodeTree> {
    const { view } = this;
    return view !== undefined && view.lastZxid >= seen ? view : await this.latest();
  }

  async write(request: TreeRequest): Promise<TreeWriteResult> {
    const result = await this.#tree.write(request);
    // It may have been applied by now: the listener is not to wait for the next look at the log.
    if (result.kind === "unknown") void this.latest().catch(ignore);
    else if (result.kind !== "failed") await this.#told(result.kind === "done" ? result.result.zxid : 0);
    return result;
  }

  async changesSince(since: number): Promise<readonly ZxidEvents[] | undefined> {
    const upTo = this.#toldTo;
    const found: ZxidEvents[] = [];
    let from = since;
    for (let reads = 0; from < upTo; reads += 1) {
      const recent = this.#tree.changesBetween(from, upTo);
      if (recent !== undefined) return [...found, ...recent];
      if (reads === changesSinceReadsMax) return undefined;
      const old = await readOldChanges(this.#storage, this.#tree.namespace, zxid(from));
      if (old.kind === "too old") return undefined;
      found.push(...upToOf(old.changes, upTo));
      from = old.upTo;
    }
    return found;
  }

  close(): void {
    this.#state = undefined;
    this.#stop();
  }

  rebuilt(state: ZnodeTree): void {
    if (this.#state === undefined) return;
    this.#state = state;
    if (this.view === undefined) void this.caughtUp().catch(ignore);
  }

  applied(state: ZnodeTree, before: number, changes: readonly ZxidEvents[]): void {
    if (state !== this.#state || before !== this.#toldTo) return;
    this.#tell(state, state.lastZxid, changes);
  }

  /** Tells what was missed. @throws as `begin` */
  caughtUp(): Promise<void> {
    if (this.#state === undefined || this.view !== undefined) return Promise.resolve();
    this.#telling ??= this.#tellMissed().finally(() => {
      this.#telling = undefined;
    });
    return this.#telling;
  }

  async #begin(): Promise<void> {
    for (let attempt = 0; attempt < followedReadsMax; attempt += 1) {
      const { lastZxid } = await this.#tree.read();
      const { state } = this.#tree;
      if (state === undefined || state.lastZxid < lastZxid) continue;
      this.#toldTo = state.lastZxid;
      this.#state = state;
      return;
    }
    throw new StorageUnavailableError(`the tree of ${this.#tree.namespace} cannot be followed`);
  }

  /** Resolves when the listener was told of `seen` and of all that an answer may reveal. */
  async #told(seen: number): Promise<void> {
    for (let attempt = 0; attempt < tellingTriesMax && this.#state !== undefined; attempt += 1) {
      if (this.view !== undefined && this.view.lastZxid >= seen) return;
      try {
        await this.latest();
      } catch {
        await this.#storage.timers.sleep(pollMsMax);
      }
    }
  }

  async #tellMissed(): Promise<void> {
    for (let reads = 0; ; reads += 1) {
      // Another one when it is rebuilt once more.
      if (this.#state !== undefined && this.#state.lastZxid < this.#toldTo) await this.#tree.read();
      const state = this.#state;
      if (state === undefined || state.lastZxid === this.#toldTo) return;
      if (state.lastZxid < this.#toldTo) throw new StorageUnavailableError("the tree is behind what was told of it");
      const recent = this.#tree.changesBetween(this.#toldTo, state.lastZxid);
      if (recent !== undefined) return this.#tell(state, state.lastZxid, recent);
      const since = this.#toldTo;
      const old = await readOldChanges(this.#storage, this.#tree.namespace, zxid(since));
      // Else it has come into step in another way.
      if (this.#toldTo === since) this.#tellOld(old, reads + 1 >= gapReadsMax);
    }
  }

  #tellOld(old: Changes, isLast: boolean): void {
    const state = this.#state;
    if (state === undefined || state.lastZxid <= this.#toldTo) return;
    if (old.kind === "changes") {
      const upTo = Math.min(old.upTo, state.lastZxid);
      this.#tell(state, upTo, upToOf(old.changes, upTo));
    }
    if (this.view !== undefined || (old.kind === "changes" && !isLast)) return;
    this.#toldTo = state.lastZxid;
    this.#listener.gap(state);
  }

  #tell(state: ZnodeTree, upTo: number, changes: readonly ZxidEvents[]): void {
    this.#toldTo = upTo;
    if (changes.length > 0) this.#listener.changed(changes, state);
  }
}

function upToOf(changes: Iterable<ZxidEvents>, upTo: number): readonly ZxidEvents[] {
  return [...changes].filter(({ zxid: at }) => at <= upTo);
}

/** The next look at the log tries again. */
function ignore(): void {}
