/** A watch that loses nothing: a cursor on the changes of the tree, taken up again wherever a connection broke. */
import type { CallerInput } from "../caller.ts";
import type { CommandSender } from "../command.ts";
import { GetChangesCommand } from "../commands/get-changes-command.ts";
import type { GetChangesOutput } from "../commands/get-changes-command.ts";
import { isServiceException, StreamkeeperException } from "../exceptions.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";
import { type ClientTime, processTime } from "./time.ts";

/** One long poll. */
const waitMsDefault = 20_000;
const eventsPerPage = 1_000;
/** Events that wait for whoever reads them; then the watch asks for no more. */
const bufferedEventsMax = 10_000;

/** ZooKeeper's `WatchedEvent`, with its zxid. */
export interface ZnodeEvent {
  readonly zxid: number;
  readonly type: "NodeCreated" | "NodeDeleted" | "NodeDataChanged" | "NodeChildrenChanged";
  readonly path: string;
}

export type EventListener = (event: ZnodeEvent) => void;

export interface WatchOptions {
  /** All znodes below the path as well, and no NodeChildrenChanged, as ZooKeeper's `PERSISTENT_RECURSIVE`. */
  readonly recursive?: boolean;
  /** Events after this zxid. Default: from now on. */
  readonly since?: number;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** Told of each event, before any read of the same `ZnodeClient` answers what it announces. */
  readonly listener?: EventListener;
  readonly waitMs?: number;
  readonly time?: ClientTime;
}

/** The service no longer keeps what happened since the watch last heard of it (`oldestZxid` is the first `since` that it can serve). */
export class WatchLostError extends Error {
  override readonly name = "WatchLostError";
  readonly since: number;
  readonly oldestZxid: number;

  constructor(since: number, oldestZxid: number, cause: unknown) {
    super(`changes since zxid ${since} are no longer kept, only those since ${oldestZxid}`, { cause });
    this.since = since;
    this.oldestZxid = oldestZxid;
  }
}

/** Made by `ZnodeClient.watch`. Iterate over it, or give it a listener; close it, or let its signal abort. */
export class Watch implements AsyncIterableIterator<ZnodeEvent>, AsyncDisposable {
  readonly path: string;
  readonly recursive: boolean;
  readonly #client: CommandSender;
  readonly #caller: CallerInput;
  readonly #waitMs: number;
  readonly #time: ClientTime;
  readonly #listener: EventListener | undefined;
  readonly #ended = new AbortController();
  readonly #running: Promise<void>;
  #cursor: number;
  #events: ZnodeEvent[] = [];
  #failure: Error | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(client: CommandSender, caller: CallerInput, path: string, since: number, options: WatchOptions) {
    this.#client = client;
    this.#caller = caller;
    this.path = path;
    this.recursive = options.recursive ?? false;
    this.#cursor = since;
    this.#waitMs = options.waitMs ?? waitMsDefault;
    this.#time = options.time ?? processTime;
    this.#listener = options.listener;
    if (options.signal?.aborted === true) this.close();
    else options.signal?.addEventListener("abort", () => this.close(), { once: true });
    this.#running = this.#run();
  }

  /** Everything up to this zxid has been told. */
  get cursor(): number {
    return this.#cursor;
  }

  get closed(): boolean {
    return this.#ended.signal.aborted;
  }

  /** True if what a read of `path` answers may have been announced here. */
  concerns(path: string): boolean {
    if (this.path === path) return true;
    return this.recursive && (this.path === "/" || path.startsWith(`${this.path}/`));
  }

  /** Resolves when everything up to `zxid` has been told, or the watch has ended. */
  async reach(zxid: number): Promise<void> {
    for (let attempt = 1; this.#cursor < zxid && !this.closed; attempt += 1) {
      // Beside the long poll, which may wait for an event that does not come.
      if (!(await this.#poll(0))) await this.#time.sleep(retryDelayMs(attempt, 1), this.#ended.signal);
    }
  }

  close(): void {
    this.#ended.abort(new Error("the watch was closed"));
    this.#wake();
  }

  /** @throws WatchLostError | StreamkeeperException where the watch cannot go on */
  async next(): Promise<IteratorResult<ZnodeEvent, undefined>> {
    for (;;) {
      const changed = this.#changed.promise;
      const event = this.#events.shift();
      if (event !== undefined) {
        if (this.#events.length === bufferedEventsMax - 1) this.#wake();
        return { value: event, done: false };
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.closed) return { value: undefined, done: true };
      await changed;
    }
  }

  return(): Promise<IteratorResult<ZnodeEvent, undefined>> {
    this.close();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.closed;) {
      if (this.#listener === undefined && this.#events.length >= bufferedEventsMax) {
        await this.#changed.promise;
        continue;
      }
      failures = (await this.#poll(this.#waitMs)) ? 0 : failures + 1;
      if (failures > 0) await this.#time.sleep(retryDelayMs(failures, Math.random()), this.#ended.signal);
    }
  }

  /** False if the service did not answer, and is to be asked again. */
  async #poll(waitMs: number): Promise<boolean> {
    const since = this.#cursor;
    const { path, recursive } = this;
    const input = { ...this.#caller, path, recursive, since, waitMs, limit: eventsPerPage };
    try {
      const answer = await this.#client.send(new GetChangesCommand(input), { abortSignal: this.#ended.signal });
      this.#take(since, answer);
      return true;
    } catch (error) {
      if (this.closed || this.#failure !== undefined) return true;
      if (error instanceof StreamkeeperException && isTransient(error)) return false;
      this.#fail(lostOr(error, since));
      return true;
    }
  }

  /** Another poll may have been answered first: what it told is not told again. */
  #take(since: number, { events, zxid }: GetChangesOutput): void {
    if (since !== this.#cursor || this.closed) return;
    this.#cursor = zxid;
    if (this.#listener !== undefined) for (const event of events) this.#listener(event);
    else this.#events.push(...events);
    if (events.length > 0) this.#wake();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.close();
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

function lostOr(error: unknown, since: number): Error {
  if (!isServiceException(error, "OFFSET_OUT_OF_RANGE")) {
    return error instanceof Error ? error : new Error("the watch failed", { cause: error });
  }
  const { oldestZxid } = error.details;
  return new WatchLostError(since, typeof oldestZxid === "number" ? oldestZxid : since, error);
}
