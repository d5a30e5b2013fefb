/** What clients of ZooKeeper's protocol do while gateways die: each writes down what it was told, to be compared at the end. */
import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionLossError, SessionClient, type WatchedEvent } from "../../gateway/zookeeper/session-client.ts";

export const counterPath = "/counter";
export const treePath = "/tree";
export const ephemeralsPath = "/ephemerals";
export const sequencePath = "/sequence";

const openAcl = [{ permissions: 31, scheme: "world", id: "anyone" }];
const nothing = new Uint8Array();
const changed = 3;
const nodeExists = -110;

export interface LoadOptions {
  readonly index: number;
  readonly ports: readonly number[];
  readonly timeoutMs: number;
  /** Between two rounds of its work. */
  readonly pauseMs: number;
}

/** One client: an ephemeral, a one-shot watch on the counter, a recursive watch on some, and writes. */
export class KilledLoad {
  readonly session: SessionClient;
  readonly ephemeralPath: string;
  /** Of the recursive watch, as they came. */
  readonly seen: readonly WatchedEvent[];
  readonly hasTree: boolean;
  /** Told to have been made, and perhaps made. */
  readonly made = new Set<string>();
  readonly maybeMade = new Set<string>();
  /** Versions of the counter that this client's writes were told to have made. */
  readonly counted: number[] = [];
  maybeCounted = 0;
  /** The counter's version as its watch has it. */
  lastVersion = -1;
  operations = 0;
  /** When it vanished, by performance.now(). */
  vanishedMs: number | undefined;
  readonly problems: string[] = [];
  readonly #options: LoadOptions;
  #isStopping = false;
  #running: Promise<void> = Promise.resolve();
  /** Events that were not answered by another watch. */
  #toArm = 0;

  private constructor(options: LoadOptions, session: SessionClient, seen: readonly WatchedEvent[], hasTree: boolean) {
    this.#options = options;
    this.session = session;
    this.seen = seen;
    this.hasTree = hasTree;
    this.ephemeralPath = `${ephemeralsPath}/${options.index}`;
  }

  static async begin(options: LoadOptions): Promise<KilledLoad> {
    const { index, ports, timeoutMs } = options;
    const seen: WatchedEvent[] = [];
    const hasTree = index % 5 === 0;
    const watching: { load?: KilledLoad } = {};
    const onEvent = (event: WatchedEvent): void => {
      if (hasTree) seen.push(event);
      else if (event.path === counterPath && event.type === changed) watching.load?.armAgain();
    };
    const recursiveWatches = hasTree ? [treePath] : [];
    const session = await SessionClient.begin({ ports, timeoutMs, recursiveWatches, onEvent }, index);
    const load = new KilledLoad(options, session, seen, hasTree);
    watching.load = load;
    await load.#takeEphemeral();
    if (!hasTree) await load.#arm();
    return load;
  }

  work(): void {
    this.#running = this.#work();
  }

  /** No more work; the session goes on. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#running;
  }

  async vanish(): Promise<void> {
    this.#isStopping = true;
    this.vanishedMs = performance.now();
    await this.session.vanish();
  }

  /** Reads the counter and watches it once more: until it is done, and again for an event that came meanwhile. */
  armAgain(): void {
    this.#toArm += 1;
    if (this.#toArm > 1) return;
    void (async () => {
      for (let done = 0; done < this.#toArm;) {
        done = this.#toArm;
        await this.#arm();
      }
      this.#toArm = 0;
    })();
  }

  async #takeEphemeral(): Promise<void> {
    const request = { path: this.ephemeralPath, data: nothing, acl: openAcl, flags: 1 };
    for (;;) {
      const reply = await this.session.send("create", request).catch(() => undefined);
      // It is its own already where the answer was lost.
      if (reply?.err === 0 || reply?.err === nodeExists) return;
      await sleep(20);
    }
  }

  async #arm(): Promise<void> {
    while (this.vanishedMs === undefined) {
      try {
        const { body } = await this.session.watchData(counterPath);
        this.#saw(body?.stat.version ?? -1);
        return;
      } catch (error) {
        if (!(error instanceof ConnectionLossError)) throw error;
        await sleep(20);
      }
    }
  }

  #saw(version: number): void {
    if (version < this.lastVersion) this.problems.push(`version ${version} of the counter after ${this.lastVersion}`);
    this.lastVersion = Math.max(version, this.lastVersion);
  }

  async #work(): Promise<void> {
    const { index, pauseMs } = this.#options;
    await sleep((pauseMs * (index % 10)) / 10);
    for (let round = 0; !this.#isStopping; round += 1) {
      try {
        if (round % 3 === 0) await this.#count();
        else await this.#make(round);
        this.operations += 1;
      } catch (error) {
        if (!(error instanceof ConnectionLossError)) throw error;
      }
      await sleep(pauseMs);
    }
  }

  /** As who increments: by the version that was read. */
  async #count(): Promise<void> {
    const { body } = await this.session.send("getData", { path: counterPath, watch: false });
    const version = body?.stat.version ?? -1;
    this.#saw(version);
    this.maybeCounted += 1;
    const set = await this.session.send("setData", { path: counterPath, data: nothing, version });
    this.maybeCounted -= 1;
    if (set.err !== 0) return;
    if (set.body?.stat.version !== version + 1) this.problems.push(`${version} became ${set.body?.stat.version}`);
    this.counted.push(version + 1);
    this.#saw(version + 1);
  }

  async #make(round: number): Promise<void> {
    const { index } = this.#options;
    const name = `${index}-${round}`;
    const isInTree = round % 3 === 1;
    const path = isInTree ? `${treePath}/${name}` : `${sequencePath}/s-`;
    this.maybeMade.add(name);
    const { err } = await this.session.send("create", {
      path,
      data: new TextEncoder().encode(name),
      acl: openAcl,
      flags: isInTree ? 0 : 2,
    });
    this.maybeMade.delete(name);
    if (err !== 0) this.problems.push(`create ${name}: ${err}`);
    this.made.add(name);
    if (isInTree && round % 2 === 0) await this.session.send("delete", { path, version: -1 });
  }
}

/** What there must be before they begin. */
export async function prepare(session: SessionClient): Promise<void> {
  for (const path of [counterPath, treePath, ephemeralsPath, sequencePath]) {
    await session.send("create", { path, data: nothing, acl: openAcl, flags: 0 });
  }
}
