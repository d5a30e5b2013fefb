/**
 * Sessions under virtual time: servers with clocks that differ, which freeze, die and come back cold; a queue that loses
 * and repeats wake-ups, and delivers again what was not done; clients that beat, pause, close, move, or are gone.
 */
import { ServiceError } from "../../shared/api/errors.ts";
import { sessionSkewMs } from "../../shared/limits.ts";
import type { SessionCredentials } from "../../shared/services/coordination.ts";
import type { Duty } from "../../shared/storage/environment.ts";
import type { SeededRandom } from "../../shared/storage/memory/seeded-random.ts";
import type { SimulationOptions } from "../../shared/storage/memory/simulated-store.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { namespace, type SessionProcess, SessionWorld } from "../shared/services/session-world.ts";
import { SessionHistory } from "./session-history.ts";
import { swarm } from "./swarm.ts";

const serversCount = 3;
const clientsCount = 5;
const lifeMs = 90_000;
const visibilityMs = 5_000;
const deliveriesMax = 5;
const sweepEveryMs = 20_000;

export interface SessionSimulation {
  readonly seed: number;
  /** Without trouble every end is expected within 2 s of the timeout; with it, by the next sweep that nothing hinders. */
  readonly trouble: boolean;
  /** Most sessions have an owner, and move to another now and then; something is written late in the name of the one before. */
  readonly moves?: boolean;
  /** A fault of ours instead of the store's: what stands between servers and storage. */
  readonly mutate?: (storage: Storage) => Storage;
  /** The part of its load that it does, up to 1, which is the default. */
  readonly size?: number;
  /** What else of the store is chosen from outside. */
  readonly store?: Partial<SimulationOptions>;
}

export interface SessionSimulationResult {
  /** In words; none if the sessions kept their promises. */
  readonly anomalies: readonly string[];
  readonly opened: number;
  readonly beats: number;
  /** Answered well, and writes in the name of an owner before that were refused for it. */
  readonly moved: number;
  readonly refused: number;
  /** Ended by a reaper. */
  readonly expired: number;
  /** Longest time from a lease's end to its session's. */
  readonly latestMs: number;
}

export async function simulateSessions(simulation: SessionSimulation): Promise<SessionSimulationResult> {
  const world = new SessionWorld({ seed: simulation.seed, ...simulation.store });
  return await world.run(() => new Simulation(world, simulation).run());
}

/** What a client was told of its session. */
interface Known extends SessionCredentials {
  readonly timeoutMs: number;
  /** When it sent the last request that was answered well. */
  heardAtMs: number;
  closedByOwner: boolean;
  /** Null while it is not known who serves it; absent where nobody asks. */
  owner?: bigint | null;
  /** The last one that was answered, before it moved on. */
  left?: bigint;
}

class Simulation {
  readonly #world: SessionWorld;
  readonly #random: SeededRandom;
  readonly #options: SessionSimulation;
  readonly #history: SessionHistory;
  readonly #servers: SessionProcess[];
  readonly #known: Known[] = [];
  readonly #anomalies: string[] = [];
  #beats = 0;
  #owners = 0n;
  #moved = 0;
  #refused = 0;
  #untilMs = 0;
  /** From when on nothing fails any more. */
  #calmAtMs = 0;

  constructor(world: SessionWorld, options: SessionSimulation) {
    this.#world = world;
    this.#random = world.store.random;
    this.#options = options;
    this.#history = new SessionHistory(world.store, namespace);
    this.#servers = Array.from({ length: serversCount }, () => this.#start());
    world.store.onWake((duty) => void this.#deliver(duty));
  }

  async run(): Promise<SessionSimulationResult> {
    const { store } = this.#world;
    this.#untilMs = this.#world.nowMs + lifeMs * (this.#options.size ?? 1);
    if (this.#options.trouble) swarm(store);
    const clients = Array.from({ length: clientsCount }, () => this.#client());
    const sweeps = this.#sweeps();
    await Promise.all([...clients, ...(this.#options.trouble ? [this.#trouble()] : [])]);
    store.setFaults({});
    this.#calmAtMs = this.#world.nowMs;
    await sweeps;
    return this.#judge();
  }

  #start(): SessionProcess {
    const wallSkewMs = this.#random.between(-sessionSkewMs / 2, sessionSkewMs / 2);
    const onKilled = (): void => {
      const index = this.#servers.indexOf(started);
      if (index >= 0) this.#servers[index] = this.#start();
    };
    const started = this.#world.start({ wallSkewMs, onKilled }, this.#options.mutate);
    return started;
  }

  #any(): SessionProcess {
    const server = this.#servers[this.#random.below(serversCount)];
    if (server === undefined) throw new Error("there is no server");
    return server;
  }

  /** As SQS does it: again until it is done, a few times. */
  async #deliver(duty: Duty): Promise<void> {
    if (duty.kind !== "reap") throw new Error(`nobody asks for ${duty.kind}`);
    for (let delivery = 0; delivery < deliveriesMax; delivery += 1) {
      let done = false;
      this.#any()
        .sessions.reap(namespace, BigInt(duty.sessionId))
        .then(
          () => (done = true),
          (cause: unknown) => this.#expectStorageFailure(cause),
        );
      await this.#world.sleep(visibilityMs);
      if (done) return;
    }
  }

  async #sweeps(): Promise<void> {
    while (this.#world.nowMs < this.#untilMs + 3 * sweepEveryMs) {
      await this.#world.sleep(sweepEveryMs);
      this.#start()
        .sessions.sweep(namespace)
        .catch((cause: unknown) => this.#expectStorageFailure(cause));
    }
  }

  async #trouble(): Promise<void> {
    while (this.#world.nowMs < this.#untilMs) {
      await this.#world.sleep(this.#random.between(100, 6_000));
      const index = this.#random.below(serversCount);
      const victim = this.#servers[index];
      if (this.#random.chance(0.5)) {
        const monotonicStops = this.#random.chance(0.5);
        victim?.process.freeze(this.#random.between(10, 20_000), { monotonicStops });
      } else {
        victim?.process.kill();
      }
    }
  }

  /** One session after the other. */
  async #client(): Promise<void> {
    while (this.#world.nowMs < this.#untilMs) {
      const session = await this.#open();
      if (session === undefined) continue;
      this.#known.push(session);
      await this.#live(session);
    }
  }

  async #open(): Promise<Known | undefined> {
    const sentAtMs = this.#world.nowMs;
    const asked = Math.floor(this.#random.between(1_000, 8_000));
    const owned = this.#options.moves === true && this.#random.chance(0.8) ? { owner: this.#nextOwner() } : {};
    const request = { timeoutMs: asked, ...owned };
    const answer = await this.#ask(2_000, ({ sessions }) => sessions.create(namespace, request));
    if (answer === undefined || typeof answer === "string") return undefined;
    return { ...answer, heardAtMs: sentAtMs, closedByOwner: false, ...owned };
  }

  /** Until it is told that the session is over, closes it, or is gone. */
  async #live(session: Known): Promise<void> {
    const { timeoutMs } = session;
    while (this.#world.nowMs < this.#untilMs) {
      const choice = this.#random.fraction();
      if (choice < 0.05) return;
      // Now and then it stands still for longer than it may.
      const pauseMs = choice < 0.1 ? timeoutMs * this.#random.between(0.8, 2) : timeoutMs / 3;
      await this.#world.sleep(pauseMs);
      if (choice > 0.95) return await this.#close(session);
      const moves = session.owner === null || (session.owner !== undefined && this.#random.chance(0.3));
      if (!(await (moves ? this.#move(session) : this.#beat(session)))) return;
    }
  }

  #nextOwner(): bigint {
    this.#owners += 1n;
    return this.#owners;
  }

  async #beat(session: Known): Promise<boolean> {
    const owner = session.owner ?? undefined;
    const heard = await this.#hear(session, ({ sessions }) => sessions.heartbeat(namespace, session, owner));
    // Somebody whom it did not wait for has come late.
    if (heard === "moved") session.owner = null;
    return heard !== "expired";
  }

  async #move(session: Known): Promise<boolean> {
    const owner = this.#nextOwner();
    const before = session.owner ?? session.left;
    session.owner = null;
    if (before !== undefined) session.left = before;
    const heard = await this.#hear(session, ({ sessions }) => sessions.takeOver(namespace, session, owner));
    if (heard !== "well") return heard !== "expired";
    session.owner = owner;
    this.#moved += 1;
    if (before !== undefined) await this.#writeLate(session, before);
    return true;
  }

  async #writeLate({ sessionId, password }: Known, owner: bigint): Promise<void> {
    const request = {
      operations: [{ kind: "check", path: "/", version: -1 }],
      session: { sessionId, password, owner },
    } as const;
    const answer = await this.#ask(1_000, ({ trees }) => trees.tree(namespace).write(request));
    if (answer === undefined || typeof answer === "string") return;
    if (answer.kind === "refused" && answer.refusal.code === "SESSION_MOVED") this.#refused += 1;
    if (answer.kind === "done") this.#anomalies.push(`${sessionId} obeys the owner ${owner} whom it has left`);
  }

  /** Undefined where nobody knows whether it was heard of. */
  async #hear(
    session: Known,
    act: (server: SessionProcess) => Promise<unknown>,
  ): Promise<"well" | "moved" | "expired" | undefined> {
    const sentAtMs = this.#world.nowMs;
    const answer = await this.#ask(session.timeoutMs / 3, act);
    const answeredAtMs = this.#world.nowMs;
    if (answer === "expired") {
      // Whatever clock it was read by, it was not over yet.
      if (answeredAtMs + sessionSkewMs < session.heardAtMs + session.timeoutMs) {
        this.#anomalies.push(
          `${session.sessionId} was refused ${answeredAtMs - session.heardAtMs} ms after a heartbeat`,
        );
      }
      return "expired";
    }
    if (answer === undefined || answer === "moved") return answer;
    this.#beats += 1;
    session.heardAtMs = sentAtMs;
    return "well";
  }

  async #close(session: Known): Promise<void> {
    session.closedByOwner = true;
    const owner = session.owner ?? undefined;
    await this.#ask(2_000, ({ sessions }) => sessions.close(namespace, session, owner));
  }

  /** Undefined where no answer comes in time, or one that says to try again. */
  async #ask<Answer>(
    waitMs: number,
    act: (server: SessionProcess) => Promise<Answer>,
  ): Promise<Answer | "expired" | "moved" | undefined> {
    const answer = act(this.#any()).catch((cause: unknown) => {
      if (cause instanceof ServiceError && cause.code === "SESSION_EXPIRED") return "expired" as const;
      if (cause instanceof ServiceError && cause.code === "SESSION_MOVED") return "moved" as const;
      if (!(cause instanceof ServiceError)) this.#anomalies.push(`unexpected: ${String(cause)}`);
      return undefined;
    });
    return await Promise.race([answer, this.#world.sleep(waitMs).then(() => undefined)]);
  }

  #expectStorageFailure(cause: unknown): void {
    if (!(cause instanceof Error && cause.name.startsWith("Storage")))
      this.#anomalies.push(`unexpected: ${String(cause)}`);
  }

  #judge(): SessionSimulationResult {
    const lives = this.#history.lives();
    const known = new Map(this.#known.map((session) => [session.sessionId, session]));
    const lateMsMax = this.#options.trouble ? lifeMs : 2_000;
    let [expired, latestMs] = [0, 0];
    for (const [id, { createdAtMs, closedAtMs }] of lives) {
      if (closedAtMs === undefined) {
        this.#anomalies.push(`${id} is left in the tree`);
        continue;
      }
      const session = known.get(id);
      if (session?.closedByOwner === true) continue;
      expired += 1;
      const earlyMs = (session?.heardAtMs ?? -Infinity) + (session?.timeoutMs ?? 0) - closedAtMs;
      if (earlyMs > 0) this.#anomalies.push(`${id} was closed ${earlyMs} ms before its time`);
      // What comes to the tree late is found by a sweep.
      const lateMs = closedAtMs - Math.max(createdAtMs, this.#history.leaseEndMs(id));
      latestMs = Math.max(latestMs, lateMs);
      if (lateMs > lateMsMax) this.#anomalies.push(`${id} outlived its lease by ${lateMs} ms`);
      const lateInCalmMs = lateMs > 0 ? closedAtMs - Math.max(this.#calmAtMs, closedAtMs - lateMs) : 0;
      if (lateInCalmMs > sweepEveryMs + visibilityMs) {
        this.#anomalies.push(`${id} outlived its lease by ${lateInCalmMs} ms in which nothing failed`);
      }
    }
    for (const id of known.keys()) if (!lives.has(id)) this.#anomalies.push(`${id} was answered, and never was there`);
    for (const { key, attributes } of this.#world.leases()) {
      if (attributes["keptUntilMs"] === undefined) this.#anomalies.push(`the lease ${key.sort} is left`);
    }
    return {
      anomalies: this.#anomalies,
      opened: lives.size,
      beats: this.#beats,
      moved: this.#moved,
      refused: this.#refused,
      expired,
      latestMs,
    };
  }
}
