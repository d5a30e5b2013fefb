/**
 * A lock under virtual time: contenders that pause past the end of their sessions and go on as if nothing had been, that hang
 * up and ask again, or are gone; servers that freeze and die; a store that fails and loses answers.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import type { CallContext, LockMode, SessionCredentials } from "../../shared/services/coordination.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import { anyone, bytes, type LineProcess, LineWorld, namespace } from "../shared/services/line-world.ts";
import { swarm } from "./swarm.ts";
import { lateRecords, LineHistory, shrinkingTokens, strangeWrites } from "./line-history.ts";

const serversCount = 3;
const clientsCount = 6;
const lifeMs = 60_000;
const lock = "jobs";
const guarded = "/guarded";
const topic = "guarded";

export interface LockSimulation {
  readonly seed: number;
  /** False: the holders write without their tokens. */
  readonly fenced: boolean;
  /** The part of its load that it does, up to 1, which is the default. */
  readonly size?: number;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface LockSimulationResult {
  /** In words; none if the lock kept its promises. */
  readonly anomalies: readonly string[];
  readonly grants: number;
  readonly writes: number;
  readonly refused: number;
  /** Acquires that a contender sent again without having waited for the answer of the one before. */
  readonly repeats: number;
}

export async function simulateLock(options: LockSimulation): Promise<LockSimulationResult> {
  const world = new LineWorld({ seed: options.seed, ...options.store });
  let result: LockSimulationResult | undefined;
  await world.run(async () => {
    result = await new Simulation(world, options).run();
  });
  if (result === undefined) throw new Error("the simulation has no result");
  return result;
}

/** A client's session, as far as it knows. */
interface Session extends SessionCredentials {
  readonly timeoutMs: number;
  isOver: boolean;
  pausedUntilMs: number;
}

/** A grant that a contender was told of. */
interface Told {
  readonly contenderId: string;
  readonly path: string;
  readonly token: number;
  /** End of the tree's log when the call was sent that brought the grant, and when its answer was there. */
  readonly sentAt: number;
  readonly answeredAt: number;
  /** When the contender began to give it up. */
  releasedMs: number;
}

class Simulation {
  readonly #world: LineWorld;
  readonly #random: SeededRandom;
  readonly #options: LockSimulation;
  readonly #history: LineHistory;
  readonly #servers: LineProcess[];
  readonly #told: Told[] = [];
  readonly #anomalies: string[] = [];
  #contenders = 0;
  #refused = 0;
  #repeats = 0;
  #untilMs = 0;

  constructor(world: LineWorld, options: LockSimulation) {
    this.#world = world;
    this.#random = world.store.random;
    this.#options = options;
    this.#history = new LineHistory(world.store, namespace, `/locks/${lock}`, guarded);
    this.#servers = Array.from({ length: serversCount }, () => this.#start());
  }

  async run(): Promise<LockSimulationResult> {
    const { observer, store } = this.#world;
    await observer.topics.create(namespace, { name: topic, partitions: 1 });
    await observer.znodes.create(anyone, { path: guarded, data: null, mode: "persistent" });
    this.#untilMs = this.#world.nowMs + lifeMs * (this.#options.size ?? 1);
    swarm(store);
    await Promise.all([...Array.from({ length: clientsCount }, () => this.#client()), this.#trouble()]);
    store.setFaults({});
    // What is late arrives, and the sessions end; a sweep ends those whose wake-up was lost.
    await this.#world.sleep(60_000);
    await observer.duties.sweep();
    const records = await this.#records();
    const { writes, stands } = this.#history;
    this.#anomalies.push(
      ...strangeWrites(this.#history),
      ...lateRecords(records),
      ...shrinkingTokens(this.#history),
      ...this.#told.flatMap((told) => this.#judge(told)),
      ...[...stands.values()].flatMap(({ path, goneZxid }) => (goneZxid === undefined ? [`${path} is left`] : [])),
    );
    return {
      anomalies: this.#anomalies,
      grants: this.#told.length,
      writes: writes.length + records.length,
      refused: this.#refused,
      repeats: this.#repeats,
    };
  }

  /** Whether what a contender was told is what became of its place. */
  #judge({ contenderId, path, token, sentAt, answeredAt, releasedMs }: Told): string[] {
    const stand = this.#history.stands.get(token);
    if (stand?.path !== path || stand.contenderId !== contenderId) return [`${token} is no place of ${contenderId}`];
    const { grantedZxid = Infinity, goneZxid = Infinity, goneMs = Infinity, goneWithSession } = stand;
    if (grantedZxid >= answeredAt || goneZxid < sentAt) {
      return [`${token} was held from ${grantedZxid} to ${goneZxid}, and granted between ${sentAt} and ${answeredAt}`];
    }
    if (goneMs < releasedMs && goneWithSession !== true) return [`${token} was taken away from ${contenderId}`];
    return [];
  }

  #start(): LineProcess {
    const onKilled = (): void => {
      const index = this.#servers.indexOf(started);
      if (index >= 0) this.#servers[index] = this.#start();
    };
    const started = this.#world.start({ wallSkewMs: this.#random.between(-100, 100), onKilled });
    return started;
  }

  #any(): LineProcess {
    return this.#random.pick(this.#servers);
  }

  async #trouble(): Promise<void> {
    while (this.#world.nowMs < this.#untilMs) {
      await this.#world.sleep(this.#random.between(100, 4_000));
      const index = this.#random.below(serversCount);
      const victim = this.#servers[index];
      if (this.#random.chance(0.6)) {
        victim?.process.freeze(this.#random.between(10, 12_000), { monotonicStops: this.#random.chance(0.5) });
      } else {
        victim?.process.kill();
      }
    }
  }

  /** One session after the other. */
  async #client(): Promise<void> {
    while (this.#world.nowMs < this.#untilMs) {
      const timeoutMs = Math.floor(this.#random.between(1_500, 4_000));
      const opened = await this.#ask(2_000, ({ sessions }) => sessions.create(namespace, { timeoutMs }));
      if (opened === undefined || opened === "refused") continue;
      const session = { ...opened, isOver: false, pausedUntilMs: 0 };
      const beating = this.#beat(session);
      while (!session.isOver && this.#world.nowMs < this.#untilMs) await this.#compete(session);
      session.isOver = true;
      await beating;
    }
  }

  async #beat(session: Session): Promise<void> {
    while (!session.isOver) {
      await this.#world.sleep(session.timeoutMs / 3);
      if (session.isOver || this.#world.nowMs < session.pausedUntilMs) continue;
      const beat = await this.#ask(session.timeoutMs / 3, ({ sessions }) => sessions.heartbeat(namespace, session));
      // Whoever pauses does not hear of it before it goes on.
      if (beat === "refused" && this.#world.nowMs >= session.pausedUntilMs) session.isOver = true;
    }
  }

  /** From standing in line to giving up what was granted. */
  async #compete(session: Session): Promise<void> {
    this.#contenders += 1;
    const contenderId = `c${this.#contenders}`;
    const told = await this.#acquire(session, contenderId, this.#random.chance(0.2) ? "read" : "write");
    if (told !== undefined) {
      for (let write = this.#random.below(4); write >= 0; write -= 1) await this.#write(session, told);
      told.releasedMs = this.#world.nowMs;
    }
    const choice = this.#random.fraction();
    if (choice < 0.1) session.isOver = true;
    else if (choice < 0.2) {
      session.isOver = true;
      await this.#ask(2_000, ({ sessions }) => sessions.close(namespace, session));
    } else await this.#release(session, contenderId);
  }

  /** Asks until it is granted, or has had enough; may hang up, and ask another server before it has heard from the first. */
  async #acquire(session: Session, contenderId: string, mode: LockMode): Promise<Told | undefined> {
    let unanswered = 0;
    for (let attempt = 0; attempt < 8 && !session.isOver; attempt += 1) {
      const keepPlace = this.#random.chance(0.5);
      const waitMs = this.#random.below(4_000);
      const sentAt = this.#history.end;
      const hungUp = new AbortController();
      const request = { contenderId, mode, waitMs, keepPlace, signal: hungUp.signal };
      const patienceMs = this.#random.between(500, 6_000);
      const grant = await this.#ask(patienceMs, ({ locks }) => locks.acquire(contextOf(session), lock, request));
      if (grant === "refused") continue;
      if (grant === undefined) {
        unanswered += 1;
        this.#repeats += 1;
        if (this.#random.chance(0.5)) hungUp.abort();
        continue;
      }
      const { acquired, path, fencingToken: token } = grant;
      if (!acquired && !keepPlace && unanswered === 0 && this.#history.isInLine(contenderId)) {
        this.#anomalies.push(`${contenderId} is in line, and was told that it is not`);
      }
      if (!acquired || path === undefined || token === undefined) continue;
      const told = { contenderId, path, token, sentAt, answeredAt: this.#history.end, releasedMs: Infinity };
      this.#told.push(told);
      return mode === "write" ? told : this.#read(told);
    }
    return undefined;
  }

  /** Readers hold it for a while. */
  async #read(told: Told): Promise<undefined> {
    await this.#world.sleep(this.#random.between(0, 500));
    told.releasedMs = this.#world.nowMs;
  }

  async #release(session: Session, contenderId: string): Promise<void> {
    while (!session.isOver && this.#world.nowMs < this.#untilMs) {
      const request = { contenderId };
      const answer = await this.#ask(3_000, ({ locks }) => locks.release(contextOf(session), lock, request));
      if (answer !== undefined) return;
    }
  }

  /** To the znode or to the topic; now and then it pauses first, without heartbeats, and does not ask whether it still holds. */
  async #write(session: Session, { path, token }: Told): Promise<void> {
    const { fenced } = this.#options;
    if (this.#random.chance(0.3)) {
      const pauseMs = session.timeoutMs * this.#random.between(0.5, 4);
      session.pausedUntilMs = this.#world.nowMs + pauseMs;
      await this.#world.sleep(pauseMs);
    }
    const data = bytes(String(token));
    const fence = fenced ? [{ kind: "fence", path, czxid: token } as const] : [];
    const operations = [...fence, { kind: "setData", path: guarded, data, version: -1 } as const];
    const records = [{ key: null, value: data, headers: [] }];
    const conditions = fenced ? { fencingToken: token } : {};
    const answer = await this.#ask(3_000, ({ znodes, produce }): Promise<unknown> =>
      this.#random.chance(0.5)
        ? znodes.multi(anyone, { operations })
        : produce.produceRecords({ namespace, topic, partition: 0, records, conditions }),
    );
    if (answer === "refused") this.#refused += 1;
  }

  /** Undefined where no answer comes in time, or one that says to try again. */
  async #ask<Answer>(
    patienceMs: number,
    act: (server: LineProcess) => Promise<Answer>,
  ): Promise<Answer | "refused" | undefined> {
    const answer = act(this.#any()).catch((cause: unknown) => {
      if (cause instanceof ServiceError && expectedRefusals.has(cause.code)) return "refused" as const;
      if (!(cause instanceof ServiceError && cause.retriable)) this.#anomalies.push(`unexpected: ${String(cause)}`);
      return undefined;
    });
    return await Promise.race([answer, this.#world.sleep(patienceMs).then(() => undefined)]);
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

/** The session is over, the place is gone, or another holds the lock. */
const expectedRefusals: ReadonlySet<string> = new Set(["SESSION_EXPIRED", "NO_NODE", "FENCED"]);

function contextOf({ sessionId, password }: SessionCredentials): CallContext {
  return { ...anyone, session: { sessionId, password } };
}
