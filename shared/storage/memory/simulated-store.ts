/**
 * One store, many processes, virtual time, faults by chance: everything follows from the seed.
 *
 *     const store = new SimulatedStore({ seed, faults: { timeoutAfter: 0.05, tornRange: 0.1 } });
 *     const writer = store.process({ wallSkewMs: 3_000 });
 *     await store.time.run(async () => { ... writer.storage ... writer.freeze(60_000); ... });
 */
import type { Duty } from "../environment.ts";
import type { LogId } from "../log-store.ts";
import type { RequestName } from "../request-name.ts";
import type { Lifetimes } from "../storage.ts";
import {
  delaysDefault,
  type Faults,
  noFaults,
  type RequestFault,
  requestFaults,
  type SimulatedDelays,
} from "./faults.ts";
import { MemoryBlobs } from "./memory-blobs.ts";
import { MemoryItems } from "./memory-items.ts";
import { MemoryLogs } from "./memory-logs.ts";
import { SeededRandom } from "./seeded-random.ts";
import { type ProcessOptions, SimulatedProcess } from "./simulated-process.ts";
import { SimulatedTime } from "./simulated-time.ts";
import type { Simulation } from "./simulation.ts";

export interface SimulationOptions {
  /** 0 .. 2^32-1. */
  readonly seed: number;
  /** Default none. */
  readonly faults?: Partial<Faults>;
  readonly delays?: Partial<SimulatedDelays>;
  /** The store's wall clock at the start, ms since the epoch. */
  readonly startWallMs?: number;
  readonly lifetimes?: Lifetimes;
  /** Default true. */
  readonly dropsExpiredEntries?: boolean;
  /** See SimulatedTime. */
  readonly autoAdvanceMsMax?: number;
}

/** As on AWS. */
const lifetimesDefault: Lifetimes = {
  hotEntryMs: 24 * 3_600_000,
  graceMs: 2 * 3_600_000,
  tailEvidenceMsMax: 60_000,
};

/** 2025-06-15. */
const startWallMsDefault = 1_750_000_000_000;

export class SimulatedStore implements Simulation {
  readonly time: SimulatedTime;
  /** For the choices of the simulation itself; the store draws from generators of its own. */
  readonly random: SeededRandom;
  readonly delays: SimulatedDelays;
  readonly lifetimes: Lifetimes;
  readonly dropsExpiredEntries: boolean;
  /** What is stored now, for a checker: nothing of it is a request. */
  readonly logs: MemoryLogs;
  readonly items: MemoryItems;
  readonly blobs: MemoryBlobs;
  readonly #startWallMs: number;
  readonly #faultRandom: SeededRandom;
  readonly #processes: SimulatedProcess[] = [];
  readonly #scripted: { readonly name: RequestName; readonly fault: RequestFault }[] = [];
  #faults: Faults;
  #wakeHandler: ((duty: Duty) => void) | undefined;

  constructor(options: SimulationOptions) {
    this.random = new SeededRandom(options.seed);
    this.#faultRandom = this.random.fork();
    this.time = new SimulatedTime(this.random.fork(), options.autoAdvanceMsMax);
    this.delays = { ...delaysDefault, ...options.delays };
    this.#faults = { ...noFaults, ...options.faults };
    this.lifetimes = options.lifetimes ?? lifetimesDefault;
    this.dropsExpiredEntries = options.dropsExpiredEntries ?? true;
    this.#startWallMs = options.startWallMs ?? startWallMsDefault;
    const wallMs = (): number => this.wallMs();
    const dropTime = (expiresAtMs: number): number => this.#dropTime(expiresAtMs);
    this.logs = new MemoryLogs(wallMs, this.dropsExpiredEntries ? dropTime : () => Number.POSITIVE_INFINITY);
    this.items = new MemoryItems(wallMs, dropTime);
    this.blobs = new MemoryBlobs(wallMs);
  }

  /** The store's own wall clock, ms since the epoch. */
  wallMs(): number {
    return Math.floor(this.#startWallMs + this.time.nowMs);
  }

  get faults(): Faults {
    return this.#faults;
  }

  /** Replaces all probabilities; those not named become 0. Holds for requests that are sent from now on. */
  setFaults(faults: Partial<Faults>): void {
    this.#faults = { ...noFaults, ...faults };
  }

  /** Does `fault` to the next `count` requests of that name, whoever sends them. */
  failNext(name: RequestName, fault: RequestFault, count = 1): void {
    for (let index = 0; index < count; index += 1) this.#scripted.push({ name, fault });
  }

  /** Starts a process that sees this store. */
  process(options: ProcessOptions = {}): SimulatedProcess {
    const process = new SimulatedProcess(this, this.#faultRandom.fork(), this.#startWallMs, options);
    this.#processes.push(process);
    return process;
  }

  /** Sets who is told of a duty that came due, outside of any process; must not throw. */
  onWake(handler: (duty: Duty) => void): void {
    this.#wakeHandler = handler;
  }

  drawFault(name: RequestName): RequestFault | undefined {
    const index = this.#scripted.findIndex((scripted) => scripted.name === name);
    if (index >= 0) return this.#scripted.splice(index, 1)[0]?.fault;
    let rest = this.#faultRandom.fraction();
    for (const fault of requestFaults) {
      rest -= this.#faults[fault];
      if (rest < 0) return fault;
    }
    return undefined;
  }

  drawWayMs(): number {
    const { wayMsMin, wayMsMax, slowMsMax } = this.delays;
    if (this.#faultRandom.chance(this.#faults.slow)) return this.#faultRandom.between(wayMsMax, slowMsMax);
    return this.#faultRandom.between(wayMsMin, wayMsMax);
  }

  spreadHint(logId: LogId, next: number): void {
    const { hintLost, hintRepeated } = this.#faults;
    for (const process of this.#processes) {
      if (process.killed || this.#faultRandom.chance(hintLost)) continue;
      const times = this.#faultRandom.chance(hintRepeated) ? 2 : 1;
      for (let time = 0; time < times; time += 1) {
        const delayMs = this.#faultRandom.between(0, this.delays.hintMsMax);
        this.time.schedule(delayMs, () => process.deliver(() => process.hint(logId, next)));
      }
    }
  }

  scheduleWake(duty: Duty, delayMs: number): void {
    const { wakeLost, wakeRepeated } = this.#faults;
    if (this.#faultRandom.chance(wakeLost)) return;
    const times = this.#faultRandom.chance(wakeRepeated) ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const lateMs = this.#faultRandom.between(0, this.delays.wakeLateMsMax);
      this.time.schedule(delayMs + lateMs, () => this.#wakeHandler?.(duty));
    }
  }

  #dropTime(expiresAtMs: number): number {
    if (this.#faultRandom.chance(this.#faults.expiryNever)) return Number.POSITIVE_INFINITY;
    return expiresAtMs + this.#faultRandom.between(0, this.delays.expiryLateMsMax);
  }
}
