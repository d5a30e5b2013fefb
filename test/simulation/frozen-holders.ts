/**
 * Eight processes that contend for one lock under virtual time, each with a session of its own. Whoever holds it stands still
 * until its session is over and another holds the lock; then it goes on as if nothing had been.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import type { CallContext } from "../../shared/services/coordination.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import { anyone, bytes, type LineProcess, LineWorld, namespace } from "../shared/services/line-world.ts";
import { lateRecords, LineHistory, shrinkingTokens, strangeWrites } from "./line-history.ts";

const processesCount = 8;
const timeoutMs = 1_000;
const guarded = "/guarded";
const topic = "guarded";

export interface FrozenHolders {
  readonly seed: number;
  /** Grants. */
  readonly rounds: number;
  /** False: the holders write without their tokens. */
  readonly fenced: boolean;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface FrozenHoldersResult {
  /** In words; none if no deposed holder has written anything. */
  readonly anomalies: readonly string[];
  readonly grants: number;
  /** Holders that stood still for so long that another held the lock when they went on. */
  readonly deposed: number;
  readonly writes: number;
  readonly refused: number;
}

interface Held {
  readonly path: string;
  readonly token: number;
}

export async function simulateFrozenHolders(options: FrozenHolders): Promise<FrozenHoldersResult> {
  const world = new LineWorld({ seed: options.seed, ...options.store });
  return await world.run(() => new FrozenHoldersRun(world, options).run());
}

class FrozenHoldersRun {
  readonly #world: LineWorld;
  readonly #options: FrozenHolders;
  readonly #history: LineHistory;
  readonly #anomalies: string[] = [];
  #grants = 0;
  #deposed = 0;
  #refused = 0;

  constructor(world: LineWorld, options: FrozenHolders) {
    this.#world = world;
    this.#options = options;
    this.#history = new LineHistory(world.store, namespace, "/locks/jobs", guarded);
  }

  async run(): Promise<FrozenHoldersResult> {
    const { observer } = this.#world;
    await observer.topics.create(namespace, { name: topic, partitions: 1 });
    await observer.znodes.create(anyone, { path: guarded, data: null, mode: "persistent" });
    await Promise.all(Array.from({ length: processesCount }, () => this.#contend(this.#world.start())));
    const records = await this.#records();
    this.#anomalies.push(...strangeWrites(this.#history), ...lateRecords(records), ...shrinkingTokens(this.#history));
    return {
      anomalies: this.#anomalies,
      grants: this.#grants,
      deposed: this.#deposed,
      writes: this.#history.writes.length + records.length,
      refused: this.#refused,
    };
  }

  async #contend(server: LineProcess): Promise<void> {
    while (this.#grants < this.#options.rounds) {
      const session = await server.sessions.create(namespace, { timeoutMs });
      const over = new AbortController();
      const beating = this.#beat(server, { ...anyone, session }, over.signal);
      await this.#hold(server, { ...anyone, session });
      over.abort();
      await beating;
    }
  }

  /** One session: until it has been granted the lock, and has lost it. */
  async #hold(server: LineProcess, context: CallContext): Promise<void> {
    const held = await this.#acquire(server, context);
    if (held === undefined) return;
    this.#grants += 1;
    if (!(await this.#write(server, held))) this.#anomalies.push(`${held.token} was refused although it held the lock`);
    // Longer than its session lives, and mostly long enough for the next one to be granted the lock and to write.
    const { random } = this.#world.store;
    server.process.freeze(random.between(timeoutMs, 3 * timeoutMs), { monotonicStops: random.chance(0.5) });
    await server.storage.timers.sleep(0);
    const isDeposed = !this.#history.holders().some(({ czxid }) => czxid === held.token);
    if (isDeposed) this.#deposed += 1;
    await this.#write(server, held);
    await this.#expect(["NO_NODE", "SESSION_EXPIRED"], () => server.locks.release(context, "jobs", {}));
  }

  async #acquire(server: LineProcess, context: CallContext): Promise<Held | undefined> {
    const request = { mode: "write", waitMs: 20_000, keepPlace: true } as const;
    while (this.#grants < this.#options.rounds) {
      const grant = await this.#expect(["SESSION_EXPIRED"], () => server.locks.acquire(context, "jobs", request));
      if (grant === undefined) return undefined;
      const { acquired, path = "", fencingToken: token = 0 } = grant;
      if (acquired) return { path, token };
    }
    return undefined;
  }

  /** To a znode and to a topic: what a lock is to guard. False if one of them refused. */
  async #write(server: LineProcess, { path, token }: Held): Promise<boolean> {
    const { fenced } = this.#options;
    const data = bytes(String(token));
    const fence = fenced ? [{ kind: "fence", path, czxid: token } as const] : [];
    const operations = [...fence, { kind: "setData", path: guarded, data, version: -1 } as const];
    const changed = await this.#expect(["FENCED"], () => server.znodes.multi(anyone, { operations }));
    const records = [{ key: null, value: data, headers: [] }];
    const conditions = fenced ? { fencingToken: token } : {};
    const produced = await this.#expect(["FENCED"], () =>
      server.produce.produceRecords({ namespace, topic, partition: 0, records, conditions }),
    );
    this.#refused += (changed === undefined ? 1 : 0) + (produced === undefined ? 1 : 0);
    return changed !== undefined && produced !== undefined;
  }

  async #beat(server: LineProcess, { session }: CallContext, signal: AbortSignal): Promise<void> {
    if (session === undefined) return;
    while (!signal.aborted) {
      await server.storage.timers.sleep(timeoutMs / 3, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.#expect(["SESSION_EXPIRED"], () => server.sessions.heartbeat(namespace, session));
    }
  }

  /** Undefined for a refusal that is expected. */
  async #expect<Answer>(codes: readonly string[], act: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await act();
    } catch (cause) {
      if (!(cause instanceof ServiceError) || !codes.includes(cause.code)) {
        this.#anomalies.push(`unexpected: ${String(cause)}`);
      }
      return undefined;
    }
  }

  async #records(): Promise<readonly number[]> {
    const { fetch } = this.#world.start();
    const tokens: number[] = [];
    for (;;) {
      const page = { offset: tokens.length, maxRecords: 1_000, maxBytes: 1_000_000, minBytes: 0, waitMs: 0 };
      const isolation = "read_uncommitted";
      const { records } = await fetch.fetchRecords({ namespace, topic, partition: 0, isolation, ...page });
      if (records.length === 0) return tokens;
      tokens.push(...records.map(({ value }) => Number(new TextDecoder().decode(value ?? undefined))));
    }
  }
}
