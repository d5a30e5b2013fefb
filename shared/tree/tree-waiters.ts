/**
 * Callers that wait for something to happen in a tree. They share one loop that follows the log; an event wakes only those
 * whose scope it concerns, so that of a thousand who wait for a lock one is woken when it is released.
 */
import { pollMsMax, pollMsMin, treeWaitersMax } from "../limits.ts";
import type { LogId } from "../storage/log-store.ts";
import type { Storage } from "../storage/storage.ts";
import { parentOf, rootPath } from "./paths.ts";
import type { ZxidEvents } from "./recent-changes.ts";
import type { TreeEvent, WatchScope } from "./tree-events.ts";

/** The log as far as this process has applied it, and a way to go further. */
export interface FollowedLog {
  readonly logId: LogId;
  /** Behind the last entry that was applied. */
  position(): number;
  catchUp(): Promise<unknown>;
}

/** Made once: nobody reads it. */
const woken = new Error("the wait is over");

interface Waiter {
  readonly scopes: readonly WatchScope[];
  readonly wake: () => void;
}

export class TreeWaiters {
  readonly #storage: Storage;
  readonly #log: FollowedLog;
  readonly #exact = new Map<string, Set<Waiter>>();
  readonly #recursive = new Map<string, Set<Waiter>>();
  readonly #waiters = new Set<Waiter>();
  /** Who has the log followed although nobody waits. */
  #keepers = 0;
  #stopLoop: AbortController | undefined;

  constructor(storage: Storage, log: FollowedLog) {
    this.#storage = storage;
    this.#log = log;
  }

  /** Callers that wait now. */
  get count(): number {
    return this.#waiters.size;
  }

  /** Resolves at an event in one of the scopes, after `ms`, or when the signal aborts; never rejects. */
  async wait(scopes: readonly WatchScope[], ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true || ms <= 0) return;
    const over = new AbortController();
    const wake = (): void => over.abort(woken);
    signal?.addEventListener("abort", wake, { once: true });
    // Past the bound a caller looks again after a while: it is late, and right.
    const waiter = this.#waiters.size < treeWaitersMax ? { scopes, wake } : undefined;
    if (waiter !== undefined) this.#add(waiter);
    try {
      await this.#storage.timers.sleep(waiter === undefined ? Math.min(ms, pollMsMax) : ms, over.signal);
    } catch (cause) {
      if (!over.signal.aborted) throw cause;
    } finally {
      if (waiter !== undefined) this.#remove(waiter);
      signal?.removeEventListener("abort", wake);
    }
  }

  /** Follows the log until the function that is returned is called, once, and as long as somebody waits. */
  keepFollowing(): () => void {
    this.#keepers += 1;
    this.#startLoop();
    return () => {
      this.#keepers -= 1;
      this.#stopLoopIfIdle();
    };
  }

  /** Told of what was applied. */
  changed(changes: readonly ZxidEvents[]): void {
    for (const { events } of changes) {
      for (const event of events) {
        if (this.#waiters.size === 0) return;
        this.#wakeFor(event);
      }
    }
  }

  /** The state was rebuilt: what happened in between is not known. */
  wakeAll(): void {
    for (const waiter of this.#waiters) waiter.wake();
  }

  #wakeFor({ type, path }: TreeEvent): void {
    for (const waiter of this.#exact.get(path) ?? []) this.#wake(waiter);
    if (type === "NodeChildrenChanged" || this.#recursive.size === 0) return;
    for (let above = path; ; above = parentOf(above)) {
      for (const waiter of this.#recursive.get(above) ?? []) this.#wake(waiter);
      if (above === rootPath) return;
    }
  }

  /** Once: what else happened at the same time does not concern it any more. */
  #wake(waiter: Waiter): void {
    waiter.wake();
    this.#remove(waiter);
  }

  #add(waiter: Waiter): void {
    this.#waiters.add(waiter);
    for (const { path, recursive } of waiter.scopes) {
      const byPath = recursive ? this.#recursive : this.#exact;
      const waiters = byPath.get(path);
      if (waiters === undefined) byPath.set(path, new Set([waiter]));
      else waiters.add(waiter);
    }
    this.#startLoop();
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    for (const { path, recursive } of waiter.scopes) {
      const byPath = recursive ? this.#recursive : this.#exact;
      const waiters = byPath.get(path);
      waiters?.delete(waiter);
      if (waiters?.size === 0) byPath.delete(path);
    }
    this.#stopLoopIfIdle();
  }

  #startLoop(): void {
    if (this.#stopLoop !== undefined) return;
    this.#stopLoop = new AbortController();
    void this.#follow(this.#stopLoop.signal);
  }

  #stopLoopIfIdle(): void {
    if (this.#waiters.size > 0 || this.#keepers > 0) return;
    this.#stopLoop?.abort(woken);
    this.#stopLoop = undefined;
  }

  /** Until nobody needs it. A hint usually comes first; without one the log is looked at more and more seldom. */
  async #follow(stopped: AbortSignal): Promise<void> {
    let pollMs = pollMsMin;
    while (!stopped.aborted) {
      const position = this.#log.position();
      await this.#storage.notifier.wait(this.#log.logId, position, pollMs, stopped);
      if (stopped.aborted) return;
      pollMs = Math.min(pollMs * 2, pollMsMax);
      // An entry of our own has been applied meanwhile, and with it all that came before it.
      if (this.#log.position() === position) await this.#catchUp();
      if (this.#log.position() !== position) pollMs = pollMsMin;
    }
  }

  /** A store that does not answer is asked again after the next wait; those who wait find out when their time is over. */
  async #catchUp(): Promise<void> {
    try {
      await this.#log.catchUp();
    } catch {
      await this.#storage.timers.sleep(pollMsMax);
    }
  }
}
