/**
 * Znodes under virtual time: clients with sessions that write by version, in multis and in sequence, create ephemerals and
 * watch, on servers that freeze and die, over a store that fails and loses answers. Every value is written once.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import type { CallContext, MultiOperation } from "../../shared/services/coordination.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import { anyone, bytes, type LineProcess, LineWorld, namespace } from "../shared/services/line-world.ts";
import { swarm } from "./swarm.ts";
import { ZnodeHistory } from "./znode-history.ts";

const serversCount = 3;
const clientsCount = 5;
const watchersCount = 2;
const lifeMs = 30_000;
const registers = ["/r/a", "/r/b", "/r/c"];

export interface ZnodeSimulation {
  readonly seed: number;
  readonly trouble: boolean;
  /** The part of its load that it does, up to 1, which is the default. */
  readonly size?: number;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface ZnodeSimulationResult {
  /** In words; none if the tree kept its promises. */
  readonly anomalies: readonly string[];
  readonly acknowledged: number;
  readonly refused: number;
  readonly unknown: number;
  /** Events that watchers heard. */
  readonly heard: number;
}

export async function simulateZnodes(options: ZnodeSimulation): Promise<ZnodeSimulationResult> {
  const world = new LineWorld({ seed: options.seed, ...options.store });
  return await world.run(() => new Simulation(world, options).run());
}

class Simulation {
  readonly #world: LineWorld;
  readonly #random: SeededRandom;
  readonly #options: ZnodeSimulation;
  readonly #history: ZnodeHistory;
  readonly #servers: LineProcess[];
  #values = 0;
  #untilMs = 0;
  /** The latest zxid that anybody was told of. */
  #known = 0;

  constructor(world: LineWorld, options: ZnodeSimulation) {
    this.#world = world;
    this.#random = world.store.random;
    this.#options = options;
    this.#history = new ZnodeHistory(world.store, namespace);
    this.#servers = Array.from({ length: serversCount }, () => this.#start());
  }

  async run(): Promise<ZnodeSimulationResult> {
    const { observer, store } = this.#world;
    for (const path of ["/r", ...registers, "/s", "/e"]) {
      await observer.znodes.create(anyone, { path, data: null, mode: "persistent" });
    }
    this.#untilMs = this.#world.nowMs + lifeMs * (this.#options.size ?? 1);
    if (this.#options.trouble) swarm(store);
    const clients = Array.from({ length: clientsCount }, () => this.#client());
    const watchers = Array.from({ length: watchersCount }, () => this.#watch());
    await Promise.all([...clients, ...(this.#options.trouble ? [this.#trouble()] : [])]);
    store.setFaults({});
    await Promise.all(watchers);
    // What is late arrives, and the sessions end.
    await this.#world.sleep(60_000);
    await observer.sessions.sweep(namespace);
    await this.#world.sleep(10_000);
    this.#history.judge();
    const { anomalies, writes, watched } = this.#history;
    const count = (wanted: string): number => writes.filter(({ outcome }) => outcome === wanted).length;
    return {
      anomalies,
      acknowledged: count("ok"),
      refused: count("fail"),
      unknown: count("info"),
      heard: watched.reduce((sum, { events }) => sum + events.length, 0),
    };
  }

  #start(): LineProcess {
    const onKilled = (): void => {
      const index = this.#servers.indexOf(started);
      if (index >= 0) this.#servers[index] = this.#start();
    };
    const started = this.#world.start({ wallSkewMs: this.#random.between(-100, 100), onKilled });
    return started;
  }

  async #trouble(): Promise<void> {
    while (this.#world.nowMs < this.#untilMs) {
      await this.#world.sleep(this.#random.between(500, 6_000));
      const index = this.#random.below(serversCount);
      if (this.#random.chance(0.6)) this.#servers[index]?.process.freeze(this.#random.between(10, 5_000));
      else this.#servers[index]?.process.kill();
    }
  }

  /** One session after the other, few of which are kept alive for long. */
  async #client(): Promise<void> {
    while (this.#world.nowMs < this.#untilMs) {
      const timeoutMs = Math.floor(this.#random.between(1_000, 3_000));
      const session = await this.#ask(2_000, ({ sessions }) => sessions.create(namespace, { timeoutMs }));
      if (session === undefined || session instanceof ServiceError) continue;
      const context = { ...anyone, session };
      const beats = this.#random.below(6);
      for (let beat = 0; beat <= beats && this.#world.nowMs < this.#untilMs; beat += 1) {
        for (let step = this.#random.below(5); step >= 0; step -= 1) await this.#step(context);
        const answer = await this.#ask(timeoutMs / 3, ({ sessions }) => sessions.heartbeat(namespace, session));
        if (answer instanceof ServiceError) break;
      }
      const end = this.#random.fraction();
      if (end < 0.3) {
        const closed = this.#ask(2_000, ({ sessions }) => sessions.close(namespace, session));
        // What is under way when the session closes, or comes after it, is of no session any more.
        await Promise.all([closed, this.#ephemeral(context), this.#ephemeral(context)]);
      } else if (end < 0.5) {
        await this.#world.sleep(timeoutMs * 2);
        await this.#ephemeral(context);
      }
    }
  }

  async #step(context: CallContext): Promise<void> {
    await this.#world.sleep(this.#random.between(0, 150));
    const draw = this.#random.fraction();
    if (draw < 0.35) return await this.#set(context);
    if (draw < 0.65) return await this.#multi(context);
    if (draw < 0.85) return await this.#ephemeral(context);
    await this.#sequential(context);
  }

  async #set(context: CallContext): Promise<void> {
    const path = this.#random.pick(registers);
    const version = await this.#versionOf(context, path);
    if (version === undefined) return;
    await this.#write([path], new Map([[path, version]]), ({ znodes }, value) =>
      znodes.setData(context, { path, data: bytes(value), version }),
    );
  }

  /** One znode that is new, and two that must not have changed since they were read. */
  async #multi(context: CallContext): Promise<void> {
    const [one = "", two = ""] = this.#random.chance(0.5) ? registers : registers.toReversed();
    const [versionOne, versionTwo] = [await this.#versionOf(context, one), await this.#versionOf(context, two)];
    if (versionOne === undefined || versionTwo === undefined) return;
    const versions = new Map([
      [one, versionOne],
      [two, versionTwo],
    ]);
    await this.#write(["/s/m-", one, two], versions, ({ znodes }, value) => {
      const data = bytes(value);
      const create: MultiOperation = { kind: "create", path: "/s/m-", data, mode: "persistent_sequential" };
      const sets = [...versions].map(([path, version]): MultiOperation => ({ kind: "setData", path, data, version }));
      return znodes.multi(context, { operations: [create, ...sets] });
    });
  }

  async #ephemeral(context: CallContext): Promise<void> {
    const request = { path: "/e/n-", mode: "ephemeral_sequential" } as const;
    await this.#write(["/e/n-"], new Map(), ({ znodes }, value) =>
      znodes.create(context, { ...request, data: bytes(value) }),
    );
  }

  /** Created, and mostly deleted again. */
  async #sequential(context: CallContext): Promise<void> {
    let created: string | undefined;
    await this.#write(["/s/n-"], new Map(), async ({ znodes }, value) => {
      const request = { path: "/s/n-", data: bytes(value), mode: "persistent_sequential" } as const;
      const answer = await znodes.create(context, request);
      created = answer.path;
      return answer;
    });
    const path = created;
    if (path === undefined || this.#random.chance(0.3)) return;
    await this.#ask(2_000, ({ znodes }) => znodes.delete(context, { path, version: -1 }));
  }

  async #versionOf(context: CallContext, path: string): Promise<number | undefined> {
    const known = this.#known;
    const read = await this.#ask(2_000, ({ znodes }) => znodes.getData(context, path));
    if (read === undefined || read instanceof ServiceError) return undefined;
    if (read.zxid < known) this.#history.anomalies.push(`stale read at ${read.zxid}, after ${known} was answered`);
    this.#known = Math.max(this.#known, read.zxid);
    return read.stat.version;
  }

  async #write(
    paths: readonly string[],
    versions: ReadonlyMap<string, number>,
    act: (server: LineProcess, value: string) => Promise<{ readonly zxid: number }>,
  ): Promise<void> {
    this.#values += 1;
    const value = `v${this.#values}`;
    const write = { value, paths, versions, outcome: "info" as "ok" | "fail" | "info" };
    this.#history.writes.push(write);
    const answer = await this.#ask(3_000, (server) => act(server, value), true);
    if (answer instanceof ServiceError) write.outcome = answer.effect === "none" ? "fail" : "info";
    else if (answer !== undefined) {
      write.outcome = "ok";
      this.#known = Math.max(this.#known, answer.zxid);
    }
  }

  /** Reads on from where it was told to, whatever server answers. */
  async #watch(): Promise<void> {
    const place = { path: this.#random.pick(["/", "/s", "/r"]), recursive: true };
    const begun = this.#history.end - 1;
    const watched = { path: place.path, since: begun, upTo: begun, events: [] as string[] };
    this.#history.watched.push(watched);
    const endMs = this.#untilMs + 90_000;
    for (let isOver = false; !isOver && this.#world.nowMs < endMs;) {
      await this.#world.sleep(this.#random.between(0, this.#random.chance(0.1) ? 5_000 : 200));
      const limit = 1 + this.#random.below(4);
      const waitMs = this.#random.chance(0.5) ? 0 : 500;
      const known = this.#known;
      const since = watched.upTo;
      const answer = await this.#ask(3_000, ({ changes }) =>
        changes.changes(anyone, { ...place, since, limit, waitMs }),
      );
      if (answer === undefined) continue;
      if (answer instanceof ServiceError) {
        this.#history.anomalies.push(`a watcher since ${since} was refused: ${answer.message}`);
        return;
      }
      if (answer.events.length === 0 && answer.zxid < known) {
        this.#history.anomalies.push(`the data of ${known} was seen before its event: nothing up to ${answer.zxid}`);
      }
      watched.upTo = answer.zxid;
      watched.events.push(...answer.events.map(({ zxid, type, path }) => `${zxid} ${type} ${path}`));
      isOver = this.#world.nowMs > this.#untilMs && answer.events.length === 0;
    }
  }

  /**
   * Undefined where no answer comes in time, or one that says to try again.
   *
   * @param tellsAll whether an error that says to try again is answered as well
   */
  async #ask<Answer>(
    patienceMs: number,
    act: (server: LineProcess) => Promise<Answer>,
    tellsAll = false,
  ): Promise<Answer | ServiceError | undefined> {
    const answer = act(this.#random.pick(this.#servers)).catch((cause: unknown) => {
      if (!(cause instanceof ServiceError)) {
        this.#history.anomalies.push(`unexpected: ${String(cause)}`);
        return undefined;
      }
      return cause.retriable && !tellsAll ? undefined : cause;
    });
    return await Promise.race([answer, this.#world.sleep(patienceMs).then(() => undefined)]);
  }
}
