/** A cursor on the changes of the tree, taken up again wherever a connection broke. */
import type { CallerInput } from "../caller.ts";
import type { CommandSender } from "../command.ts";
import { GetChangesCommand } from "../commands/get-changes-command.ts";
import type { GetChangesOutput } from "../commands/get-changes-command.ts";
import { isServiceException, StreamkeeperException } from "../exceptions.ts";
import type { HintListener } from "../push/hint-source.ts";
import { isTransient, retryDelayMs } from "../middleware/retry-policy.ts";
import { Fifo } from "./fifo.ts";
import { pause } from "./time.ts";

/** One long poll. */
const waitMsDefault = 20_000;
const eventsPerPage = 1_000;
/** Least time between two long polls that are told of nothing, should the service not wait as it was asked to. */
const emptyPauseMs = 50;

/** ZooKeeper's `WatchedEvent`, with its zxid. */
export interface ZnodeEvent {
  readonly zxid: number;
  readonly type: "NodeCreated" | "NodeDeleted" | "NodeDataChanged" | "NodeChildrenChanged";
  readonly path: string;
}

/** The service no longer keeps what happened since the watch last heard of it (`oldestZxid` is the first `since` that it can serve). */
export class WatchLostError extends Error {
  override readonly name = "WatchLostError";
  readonly since: number;
  readonly oldestZxid: number;

  constructor(since: number, oldestZxid: number, cause: unknown) {
    // The service's own words: there may also be no such zxid yet.
    super(cause instanceof Error ? cause.message : `changes since zxid ${since} are no longer kept`, { cause });
    this.since = since;
    this.oldestZxid = oldestZxid;
  }
}

export interface FeedOptions {
  readonly path: string;
  readonly recursive: boolean;
  /** What has happened up to this zxid is known. */
  readonly since: number;
  /** `since` is where the tree is now, not some time ago. */
  readonly isLive: boolean;
  readonly whenLost: "fail" | "resume";
  readonly waitMs?: number | undefined;
}

/** Who is told of events; nothing of it may throw. */
export interface FeedSink {
  /** More is known, and perhaps untold. */
  advanced(): void;
  /** The service had to let events go, and the feed went on behind them. */
  skipped(error: WatchLostError): void;
  /** The feed has ended. */
  failed(error: Error): void;
  /** Resolves when there is room for more events; undefined while there is. */
  room(): Promise<void> | undefined;
}

/** What has happened to one znode, or to all below it, in order and without a gap. */
export class ChangeFeed {
  readonly #sender: CommandSender;
  readonly #caller: CallerInput;
  readonly #options: FeedOptions;
  readonly #sink: FeedSink;
  readonly #ended = new AbortController();
  readonly #untold = new Fifo<ZnodeEvent>();
  #knownTo: number;
  /** Changes of the zxid after it that are known, too: there are too many for one answer. */
  #skip = 0;
  #lastZxid = 0;
  #isLive: boolean;
  #asking: Promise<boolean> | undefined;

  constructor(sender: CommandSender, caller: CallerInput, options: FeedOptions, sink: FeedSink) {
    this.#sender = sender;
    this.#caller = caller;
    this.#options = options;
    this.#sink = sink;
    this.#knownTo = options.since;
    this.#isLive = options.isLive;
  }

  /** Everything up to this zxid is known here. */
  get knownTo(): number {
    return this.#knownTo;
  }

  /** Has been at the tree's end since it began: not still going through what happened long ago. */
  get isLive(): boolean {
    return this.#isLive;
  }

  get hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /** Zxid of the next event that is untold. */
  get nextZxid(): number | undefined {
    return this.#untold.peek()?.zxid;
  }

  /** Zxid of the last event that is untold. */
  get lastZxid(): number | undefined {
    return this.#untold.length === 0 ? undefined : this.#lastZxid;
  }

  takeNext(): ZnodeEvent | undefined {
    return this.#untold.shift();
  }

  /** Long polls until it ends. Does not reject. */
  async run(): Promise<void> {
    const { waitMs = waitMsDefault } = this.#options;
    const { signal } = this.#ended;
    const listener = waitMs > 0 ? this.#listener() : undefined;
    for (let failures = 0; !signal.aborted;) {
      const room = this.#sink.room();
      if (room !== undefined) {
        await room;
        continue;
      }
      const sinceMs = performance.now();
      const before = this.#knownTo;
      const skipped = this.#skip;
      // Before the request: what comes after its answer is hinted.
      const listening = listener?.listening;
      if (!(await this.#ask(listening === undefined ? waitMs : 0))) {
        failures += 1;
        await pause(retryDelayMs(failures, Math.random()), signal);
        continue;
      }
      failures = 0;
      if (this.#skip !== skipped) continue;
      if (this.#knownTo === before && !signal.aborted) {
        listener?.want();
        if (listening !== undefined) await listener?.wait(listening, before + 1, signal);
      }
      const leftMs = sinceMs + emptyPauseMs - performance.now();
      if (this.#knownTo === before && leftMs > 0) await pause(leftMs, signal);
    }
  }

  /** Hints in place of long polls, where the client has them. */
  #listener(): HintListener | undefined {
    const { path, recursive } = this.#options;
    const { namespace, ...reader } = this.#caller;
    const listener = this.#sender.push?.listener({ kind: "path", namespace, path, recursive, reader });
    this.#ended.signal.addEventListener("abort", () => listener?.close(), { once: true });
    return listener;
  }

  /** Resolves when everything up to `zxid` is known, or the feed or the signal has ended. Does not reject. */
  async reach(zxid: number, signal?: AbortSignal): Promise<void> {
    const ended = this.#ended.signal;
    let failures = 0;
    while (this.#knownTo < zxid) {
      if (ended.aborted || signal?.aborted === true) return;
      // Beside the long poll, which may wait for an event that does not come.
      this.#asking ??= this.#ask(0).finally(() => (this.#asking = undefined));
      if (await this.#asking) continue;
      failures += 1;
      await pause(
        retryDelayMs(failures, Math.random()),
        signal === undefined ? ended : AbortSignal.any([signal, ended]),
      );
    }
  }

  end(): void {
    this.#ended.abort(new Error("the watch was closed"));
  }

  /** False if the service did not answer, and is to be asked again. */
  async #ask(waitMs: number): Promise<boolean> {
    const { path, recursive } = this.#options;
    const since = this.#knownTo;
    const skip = this.#skip;
    const skipping = skip === 0 ? {} : { skip };
    const input = { ...this.#caller, path, recursive, since, ...skipping, waitMs, limit: eventsPerPage };
    try {
      const answer = await this.#sender.send(new GetChangesCommand(input), { abortSignal: this.#ended.signal });
      // Another poll may have got on since, and into a zxid: then only what follows there is to be told.
      if (this.#skip === 0 || (this.#knownTo === since && this.#skip === skip)) this.#take(answer);
      return true;
    } catch (error) {
      if (this.hasEnded) return true;
      if (error instanceof StreamkeeperException && isTransient(error)) return false;
      // Another poll has got on since: what this one was refused is of no interest.
      if (this.#knownTo !== since) return true;
      this.#refused(error, since);
      return true;
    }
  }

  /** Another poll may have been answered first: what it told is not told again. */
  #take({ events, zxid, skip = 0 }: GetChangesOutput): void {
    if (this.hasEnded) return;
    const from = this.#knownTo;
    for (const event of events) {
      if (event.zxid <= from) continue;
      this.#untold.push(event);
      this.#lastZxid = event.zxid;
    }
    this.#knownTo = Math.max(from, zxid);
    if (zxid >= from) this.#skip = skip;
    this.#isLive ||= events.length < eventsPerPage && skip === 0;
    this.#sink.advanced();
  }

  #refused(error: unknown, since: number): void {
    const isLost = isServiceException(error, "OFFSET_OUT_OF_RANGE");
    if (!isLost) {
      this.end();
      this.#sink.failed(error instanceof Error ? error : new Error("the watch failed", { cause: error }));
      return;
    }
    const { oldestZxid, zxid } = error.details;
    const lost = new WatchLostError(since, typeof oldestZxid === "number" ? oldestZxid : since, error);
    if (this.#options.whenLost === "resume" && typeof zxid === "number") {
      this.#knownTo = zxid;
      this.#skip = 0;
      this.#isLive = true;
      this.#sink.skipped(lost);
      this.#sink.advanced();
      return;
    }
    this.end();
    this.#sink.failed(lost);
  }
}
