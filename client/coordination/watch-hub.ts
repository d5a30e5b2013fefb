/**
 * All watches of one client. ZooKeeper promises that events come in the order of their zxids, whichever watch they are for,
 * and before any answer that shows what they announce: so an event is told only when every watch is known up to it.
 */
import type { CallerInput } from "../caller.ts";
import type { CommandSender } from "../command.ts";
import { ChangeFeed } from "./change-feed.ts";
import type { Session } from "./session.ts";
import { Watch, type WatchOptions } from "./watch.ts";

interface Watched {
  readonly watch: Watch;
  readonly feed: ChangeFeed;
}

export class WatchHub {
  readonly #sender: CommandSender;
  readonly #caller: CallerInput;
  readonly #session: Session | undefined;
  readonly #watched = new Set<Watched>();
  readonly #onSessionEnd = (): void => {
    const session = this.#session;
    const reason: unknown = session?.signal.reason;
    this.end(session?.state === "expired" && reason instanceof Error ? reason : undefined);
  };

  constructor(sender: CommandSender, caller: CallerInput, session: Session | undefined) {
    this.#sender = sender;
    this.#caller = caller;
    this.#session = session;
  }

  /** @param isLive `since` is where the tree was just now */
  open(path: string, since: number, isLive: boolean, options: WatchOptions): Watch {
    const watch = new Watch(path, options);
    const { recursive = false, whenLost = "fail", waitMs } = options;
    const feed = new ChangeFeed(
      this.#sender,
      this.#caller,
      { path, recursive, since, isLive, whenLost, waitMs },
      {
        advanced: () => this.#settle(),
        skipped: () => watch.skipped(),
        failed: (error) => {
          tellAll({ watch, feed });
          watch.fail(error);
        },
        room: () => watch.room(),
      },
    );
    const watched = { watch, feed };
    // Only while there are watches, so that a session does not hold on to those who have none.
    if (this.#watched.size === 0) this.#session?.signal.addEventListener("abort", this.#onSessionEnd);
    this.#watched.add(watched);
    watch.follow(feed, () => {
      this.#watched.delete(watched);
      if (this.#watched.size === 0) this.#session?.signal.removeEventListener("abort", this.#onSessionEnd);
      // Others may have waited for it.
      this.#settle();
    });
    if (this.#session?.signal.aborted === true) this.#onSessionEnd();
    void feed.run();
    return watch;
  }

  /** Resolves when all events up to `zxid` have been told. @throws the signal's reason */
  async reach(zxid: number, signal: AbortSignal | undefined): Promise<void> {
    const behind = [...this.#watched].filter(({ feed }) => feed.isLive && feed.knownTo < zxid);
    if (behind.length > 0) await Promise.all(behind.map(({ feed }) => feed.reach(zxid, signal)));
    signal?.throwIfAborted();
  }

  /** Ends all watches, with an error if there is one. */
  end(error?: Error): void {
    for (const { watch } of this.#watched) {
      if (error === undefined) watch.close();
      else watch.fail(error);
    }
  }

  /** Tells what can be told, and asks for what has to be known for the rest. */
  #settle(): void {
    const all = [...this.#watched];
    // What happened long ago has no order with what happens now.
    for (const watched of all) if (!watched.feed.isLive) tellAll(watched);
    const live = all.filter(({ feed }) => feed.isLive);
    // Nobody waits for whoever does not read.
    const awaited = live.filter(({ watch }) => !watch.isFull).map(({ feed }) => feed);
    tellInOrder(live, Math.min(...awaited.map(({ knownTo }) => knownTo)));
    const zxid = Math.max(...live.map(({ feed }) => feed.lastZxid ?? 0));
    for (const feed of awaited) if (feed.knownTo < zxid) void feed.reach(zxid);
  }
}

/** @param upTo every watch is known up to this zxid */
function tellInOrder(live: readonly Watched[], upTo: number): void {
  for (;;) {
    let first: Watched | undefined;
    let firstZxid = Infinity;
    for (const watched of live) {
      const { nextZxid = Infinity } = watched.feed;
      if (nextZxid > upTo || nextZxid >= firstZxid) continue;
      first = watched;
      firstZxid = nextZxid;
    }
    if (first === undefined) return;
    tellNext(first);
  }
}

function tellAll(watched: Watched): void {
  while (watched.feed.nextZxid !== undefined) tellNext(watched);
}

function tellNext({ watch, feed }: Watched): void {
  const event = feed.takeNext();
  if (event !== undefined) watch.tell(event);
}
