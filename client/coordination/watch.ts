/** What a program holds of a watch: events to iterate over, or a listener that is told of them. */
import { callSafely } from "./call-safely.ts";
import type { ChangeFeed, ZnodeEvent } from "./change-feed.ts";
import { Fifo } from "./fifo.ts";

/** Events that wait for whoever iterates; beyond it the watch asks for no more by itself. */
const bufferedEventsMax = 10_000;
/** Reads make the watch ask nevertheless, as they must not come before events. Beyond this it is given up. */
const heldEventsMax = 200_000;

export type EventListener = (event: ZnodeEvent) => void;

export interface WatchOptions {
  /** All znodes below the path as well, and no NodeChildrenChanged, as ZooKeeper's `PERSISTENT_RECURSIVE`. */
  readonly recursive?: boolean;
  /** Events after this zxid. Default: from now on. */
  readonly since?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Told of each event in place of the iteration, before any read of the same `ZnodeClient` answers what it announces. */
  readonly listener?: EventListener;
  /** With a listener: told when the watch cannot go on; else that is a warning of the process. */
  readonly failed?: (error: Error) => void;
  /**
   * When the service no longer keeps what comes next: `fail` (default) with a `WatchLostError`, or `resume` with what
   * happens from now on; `losses` then counts how often.
   */
  readonly whenLost?: "fail" | "resume";
  /** How long one request waits for events, ms. Default 20,000. */
  readonly waitMs?: number;
}

/** Whoever iterates over a watch has fallen behind its reads by too many events; `since` says where to take it up again. */
export class WatchOverflowError extends Error {
  override readonly name = "WatchOverflowError";
  readonly since: number;

  constructor(since: number) {
    super(`${heldEventsMax} events wait to be read, from zxid ${since} on`);
    this.since = since;
  }
}

/** Made by `ZnodeClient.watch`. Iterate over it, or give it a listener; close it, or let its signal abort. */
export class Watch implements AsyncIterableIterator<ZnodeEvent>, AsyncDisposable {
  readonly path: string;
  readonly recursive: boolean;
  readonly #options: WatchOptions;
  readonly #events = new Fifo<ZnodeEvent>();
  readonly #onAbort = (): void => this.close();
  #feed: ChangeFeed | undefined;
  #onClose: (() => void) | undefined;
  #isClosed = false;
  #failure: Error | undefined;
  #losses = 0;
  #lossesSeen = 0;
  #woken = Promise.withResolvers<void>();
  #room: PromiseWithResolvers<void> | undefined;

  constructor(path: string, options: WatchOptions) {
    this.path = path;
    this.recursive = options.recursive ?? false;
    this.#options = options;
  }

  /**
   * Where another watch of the same path would go on: all events up to this zxid have been taken from this one. After a
   * transaction with several events only when the last of them has been.
   */
  get cursor(): number {
    const next = this.#events.peek()?.zxid ?? this.#feed?.nextZxid;
    return next === undefined ? (this.#feed?.knownTo ?? 0) : next - 1;
  }

  get closed(): boolean {
    return this.#isClosed;
  }

  /** How often events were let go, with `whenLost: "resume"`. */
  get losses(): number {
    return this.#losses;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#feed?.end();
    this.#onClose?.();
    this.#wake();
    this.#room?.resolve();
  }

  /** @throws WatchLostError | WatchOverflowError | SessionExpiredError | StreamkeeperException where the watch cannot go on */
  async next(): Promise<IteratorResult<ZnodeEvent, undefined>> {
    for (;;) {
      const { promise } = this.#woken;
      const event = this.#events.shift();
      if (event !== undefined) {
        this.#makeRoom();
        return { value: event, done: false };
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isClosed) return { value: undefined, done: true };
      await promise;
    }
  }

  /**
   * For who looks at the tree itself: waits until something has happened, and drops the events. False when the watch is
   * closed.
   *
   * @throws as `next`
   */
  async changed(): Promise<boolean> {
    for (;;) {
      const { promise } = this.#woken;
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#isClosed) return false;
      if (this.#events.length > 0 || this.#losses > this.#lossesSeen) {
        this.#lossesSeen = this.#losses;
        this.#events.clear();
        this.#makeRoom();
        return true;
      }
      await promise;
    }
  }

  return(): Promise<IteratorResult<ZnodeEvent, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  /** @internal Follows a feed; the hub does this once. */
  follow(feed: ChangeFeed, onClose: () => void): void {
    this.#feed = feed;
    this.#onClose = onClose;
    const { signal } = this.#options;
    if (signal?.aborted === true) this.close();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** @internal An event whose turn it is. */
  tell(event: ZnodeEvent): void {
    if (this.#isClosed) return;
    const { listener } = this.#options;
    if (listener !== undefined) {
      callSafely(() => listener(event));
      return;
    }
    this.#events.push(event);
    if (this.#events.length > heldEventsMax) this.fail(new WatchOverflowError(this.cursor));
    else this.#wake();
  }

  /** @internal */
  skipped(): void {
    this.#losses += 1;
    this.#wake();
  }

  /** @internal Whoever iterates is behind. */
  get isFull(): boolean {
    return !this.#isClosed && this.#events.length >= bufferedEventsMax;
  }

  /** @internal Resolves when there is room for more events; undefined while there is. */
  room(): Promise<void> | undefined {
    if (!this.isFull) return undefined;
    this.#room ??= Promise.withResolvers<void>();
    return this.#room.promise;
  }

  /** @internal */
  fail(error: Error): void {
    if (this.#isClosed) return;
    this.#failure = error;
    const { listener, failed } = this.#options;
    this.close();
    if (failed !== undefined) callSafely(() => failed(error));
    else if (listener !== undefined) process.emitWarning(error);
  }

  #makeRoom(): void {
    if (this.#room === undefined || this.#events.length >= bufferedEventsMax / 2) return;
    this.#room.resolve();
    this.#room = undefined;
  }

  #wake(): void {
    this.#woken.resolve();
    this.#woken = Promise.withResolvers<void>();
  }
}
