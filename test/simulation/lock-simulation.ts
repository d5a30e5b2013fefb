/**
 * Processes that contend for one lock under virtual time, each of which is frozen now and then for longer than its session
 * lives, in the middle of what the lock is to guard: reading a number, and writing the next one.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import type { CallContext, MultiOperation } from "../../shared/services/coordination.ts";
import type { Faults } from "../../shared/storage/memory/faults.ts";
import { anyone, bytes, type LineProcess, LineWorld, namespace } from "../shared/services/line-world.ts";

const processesCount = 8;
const lockName = "guard";
const guardedPath = "/guarded";
const topic = "guarded";
const sessionTimeoutMs = 2_000;
/** Of a process that holds the lock: it stands still for longer than its session lives. */
const freezeChance = 0.15;
const freezeMsMin = 500;
const freezeMsMax = 8_000;

const faults: Partial<Faults> = {
  timeoutBefore: 0.005,
  timeoutAfter: 0.01,
  timeoutLate: 0.005,
  putRepeated: 0.01,
  slow: 0.02,
  hintLost: 0.1,
};

export interface LockSimulation {
  readonly seed: number;
  /** Grants, over all processes. */
  readonly rounds: number;
  /** False: writes carry no token, as with locks that have none. */
  readonly fenced: boolean;
}

export interface LockSimulationResult {
  /** In words; none if nobody but the holder wrote. */
  readonly anomalies: readonly string[];
  readonly grants: number;
  readonly writes: number;
  /** Writes of deposed holders that were refused. */
  readonly fenced: number;
}

interface Written {
  readonly token: number;
  readonly count: number;
}

export async function simulateLock(simulation: LockSimulation): Promise<LockSimulationResult> {
  const world = new LineWorld({ seed: simulation.seed });
  let result: LockSimulationResult | undefined;
  await world.run(async () => {
    result = await new Simulation(world, simulation).run();
  });
  if (result === undefined) throw new Error("the simulation has no result");
  return result;
}

class Simulation {
  readonly #world: LineWorld;
  readonly #options: LockSimulation;
  readonly #tokens: number[] = [];
  #refused = 0;

  constructor(world: LineWorld, options: LockSimulation) {
    this.#world = world;
    this.#options = options;
  }

  async run(): Promise<LockSimulationResult> {
    const { znodes, topics } = this.#world.observer;
    const data = encode({ token: 0, count: 0 });
    await znodes.create(anyone, { path: guardedPath, data, mode: "persistent" });
    await topics.create(namespace, { name: topic, partitions: 1 });
    this.#world.store.setFaults(faults);
    await Promise.all(Array.from({ length: processesCount }, () => this.#contend()));
    this.#world.store.setFaults({});
    return await this.#judge();
  }

  async #contend(): Promise<void> {
    const process = this.#world.start();
    while (this.#tokens.length < this.#options.rounds) {
      try {
        const session = await process.sessions.create(namespace, { timeoutMs: sessionTimeoutMs });
        const context: CallContext = { ...anyone, session };
        const life = { over: false };
        const heart = this.#beat(process, context, life);
        try {
          while (!life.over && this.#tokens.length < this.#options.rounds) await this.#round(process, context);
        } finally {
          life.over = true;
          await heart;
          await process.sessions.close(namespace, session);
        }
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
      }
    }
  }

  async #round(process: LineProcess, context: CallContext): Promise<void> {
    const { random } = this.#world.store;
    const request = { mode: "write", waitMs: 20_000, keepPlace: true } as const;
    const { acquired, path = "", fencingToken = 0 } = await process.locks.acquire(context, lockName, request);
    if (!acquired) return;
    this.#tokens.push(fencingToken);
    const { data } = await process.znodes.getData(anyone, guardedPath);
    if (random.chance(freezeChance)) process.process.freeze(random.between(freezeMsMin, freezeMsMax));
    // What takes time under a lock; a process that is frozen goes on only when it wakes.
    await process.storage.timers.sleep(random.between(0, 20));
    await this.#write(process, { path, fencingToken }, decode(data).count + 1);
    await process.locks.release(context, lockName, {});
  }

  async #write(
    { znodes, produce }: LineProcess,
    grant: { readonly path: string; readonly fencingToken: number },
    count: number,
  ): Promise<void> {
    const value = encode({ token: grant.fencingToken, count });
    const set: MultiOperation = { kind: "setData", path: guardedPath, data: value, version: -1 };
    const fence: MultiOperation = { kind: "fence", path: grant.path, czxid: grant.fencingToken };
    const conditions = this.#options.fenced ? { fencingToken: grant.fencingToken } : {};
    try {
      await znodes.multi(anyone, { operations: this.#options.fenced ? [fence, set] : [set] });
      const records = [{ key: null, value, headers: [] }];
      await produce.produceRecords({ namespace, topic, partition: 0, records, conditions });
    } catch (error) {
      if (error instanceof ServiceError && error.code === "FENCED") this.#refused += 1;
      throw error;
    }
  }

  async #beat(process: LineProcess, { session }: CallContext, life: { over: boolean }): Promise<void> {
    while (!life.over && session !== undefined) {
      await process.storage.timers.sleep(sessionTimeoutMs / 3);
      try {
        if (!life.over) await process.sessions.heartbeat(namespace, session);
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        if (error.code === "SESSION_EXPIRED") life.over = true;
      }
    }
  }

  /** By the order of the logs: what is written there is what happened. */
  async #judge(): Promise<LockSimulationResult> {
    const anomalies: string[] = [];
    const grown = this.#tokens.toSorted((one, other) => one - other);
    if (new Set(grown).size !== grown.length) anomalies.push("a token was granted twice");
    const inTree = await this.#read("__znode_changes", readTreeRecord);
    const inTopic = await this.#read(topic, (value) => [decode(value)]);
    inTree.forEach(({ count, token }, index) => {
      const before = index === 0 ? { token: 0, count: 0 } : inTree[index - 1];
      if (before === undefined) return;
      if (token < before.token) anomalies.push(`the znode was written with ${token} after ${before.token}`);
      if (count !== before.count + 1) anomalies.push(`the znode's number went from ${before.count} to ${count}`);
    });
    inTopic.forEach(({ token }, index) => {
      const before = inTopic[index - 1];
      if (before !== undefined && token < before.token) {
        anomalies.push(`the topic was written with ${token} after ${before.token}`);
      }
    });
    const writes = inTree.length + inTopic.length;
    return { anomalies, grants: this.#tokens.length, writes, fenced: this.#refused };
  }

  async #read(name: string, read: (value: Uint8Array) => readonly Written[]): Promise<readonly Written[]> {
    const { fetch } = this.#world.observer;
    const found: Written[] = [];
    for (let offset = 0; ;) {
      const page = await fetch.fetchRecords({
        namespace,
        topic: name,
        partition: 0,
        offset,
        maxBytes: 1_000_000,
        maxRecords: 10_000,
        minBytes: 1,
        waitMs: 0,
        isolation: "read_uncommitted",
      });
      for (const { value } of page.records) if (value !== null) found.push(...read(value));
      if (page.nextOffset >= page.highWatermark) return found;
      offset = page.nextOffset;
    }
  }
}

function readTreeRecord(value: Uint8Array): readonly Written[] {
  const { changes } = JSON.parse(new TextDecoder().decode(value)) as {
    readonly changes: readonly { readonly type: string; readonly path: string; readonly data: string }[];
  };
  const sets = changes.filter(({ type, path }) => type === "setData" && path === guardedPath);
  return sets.map(({ data }) => JSON.parse(data) as Written);
}

function encode(written: Written): Uint8Array {
  return bytes(JSON.stringify(written));
}

function decode(data: Uint8Array | null): Written {
  return JSON.parse(new TextDecoder().decode(data ?? undefined)) as Written;
}
