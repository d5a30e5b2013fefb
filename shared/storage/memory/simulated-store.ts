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
import { Failpoints } from "./failpoints.ts";
import {
  delaysDefault,
  failpointOf,
  type Faults,
  noFaults,
  type ProcessFailpoint,
  type RequestFault,
  requestFaults,
  type SimulatedDelays,
} from "./faults.ts";
import type { Journal } from "./journal.ts";
import { MemoryBlobs } from "./memory-blobs.ts";
import { MemoryItems } from "./memory-items.ts";
import { MemoryLogs } from "./memory-logs.ts";
import { SeededRandom } from "./seeded-random.ts";
import { type ProcessOptions, SimulatedProcess } from "./simulated-process.ts";
import { SimulatedTime } from "./simulated-time.ts";
import type { Liveness, Simulation } from "./simulation.ts";

export interface SimulationOptions {
  /** 0 .. 2^32-1. */
  readonly seed: number;
  /** Default none. */
  readonly faults?: Partial<Faults>;
  readonly delays?: Partial<SimulatedDelays>;
  /** The store's wall clock at the start, ms since the epoch. */
  readonly startWallMs?: number;
  /** Instead of virtual time, where the processes go by a real clock: what is stored must not look older than it is. */
  readonly wallMs?: () => number;
  readonly lifetimes?: Lifetimes;
  /** Default true. */
  readonly dropsExpiredEntries?: boolean;
  /** See SimulatedTime. */
  readonly autoAdvanceMsMax?: number;
  /** Which may be hit, and who counts; default all. */
  readonly failpoints?: Failpoints;
  /** Where all that happens is noted; default nowhere. */
  readonly journal?: Journal;
  /** Given the store as soon as it is there. */
  readonly observe?: (store: SimulatedStore) => void;
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
  readonly failpoints: Failpoints;
  readonly journal: Journal | undefined;
  readonly #startWallMs: number;
  readonly #wallMs: (() => number) | undefined;
  readonly #faultRandom: SeededRandom;
  readonly #processes: SimulatedProcess[] = [];
  readonly #scripted: { readonly name: RequestName; readonly fault: RequestFault }[] = [];
  #faults: Faults;
  #focus: ReadonlyMap<string, number> = new Map();
  #wakeHandler: ((duty: Duty) => void) | undefined;

  constructor(options: SimulationOptions) {
    this.random = new SeededRandom(options.seed);
    this.#faultRandom = this.random.fork();
    this.time = new SimulatedTime(this.random.fork(), options.autoAdvanceMsMax, (atMs) => this.journal?.number(atMs));
    this.failpoints = options.failpoints ?? new Failpoints();
    this.journal = options.journal;
    this.delays = { ...delaysDefault, ...options.delays };
    this.#faults = { ...noFaults, ...options.faults };
    this.lifetimes = options.lifetimes ?? lifetimesDefault;
    this.dropsExpiredEntries = options.dropsExpiredEntries ?? true;
    this.#startWallMs = options.startWallMs ?? startWallMsDefault;
    this.#wallMs = options.wallMs;
    const wallMs = (): number => this.wallMs();
    const dropTime = (expiresAtMs: number): number => this.#dropTime(expiresAtMs);
    this.logs = new MemoryLogs(wallMs, this.dropsExpiredEntries ? dropTime : () => Number.POSITIVE_INFINITY);
    this.items = new MemoryItems(wallMs, dropTime);
    this.blobs = new MemoryBlobs(wallMs);
    options.observe?.(this);
  }

  /** The store's own wall clock, ms since the epoch. */
  wallMs(): number {
    return this.#wallMs?.() ?? Math.floor(this.#startWallMs + this.time.nowMs);
  }

  get faults(): Faults {
    return this.#faults;
  }

  /**
   * Replaces all probabilities; those not named become 0. Holds for requests that are sent from now on.
   *
   * @param focus higher probabilities of some failpoints, by name
   */
  setFaults(faults: Partial<Faults>, focus: ReadonlyMap<string, number> = new Map()): void {
    this.#faults = { ...noFaults, ...faults };
    this.#focus = focus;
  }

  /** Does `fault` to the next `count` requests of that name, whoever sends them. */
  failNext(name: RequestName, fault: RequestFault, count = 1): void {
    for (let index = 0; index < count; index += 1) this.#scripted.push({ name, fault });
  }

  /** Starts a process that sees this store. */
  process(options: ProcessOptions = {}): SimulatedProcess {
    const start = { number: this.#processes.length + 1, wallMs: this.#startWallMs };
    const process = new SimulatedProcess(this, this.#faultRandom.fork(), start, options);
    this.#processes.push(process);
    if (this.time.nowMs > 0) this.hit("process/cold-start", start.number);
    if ((options.wallSkewMs ?? 0) !== 0) this.hit("clock/skewed", start.number);
    if ((options.driftPpm ?? 0) !== 0) this.hit("clock/drifting", start.number);
    return process;
  }

  /** Sets who is told of a duty that came due, outside of any process; must not throw. */
  onWake(handler: (duty: Duty) => void): void {
    this.#wakeHandler = handler;
  }

  hit(failpoint: ProcessFailpoint, process: number): void {
    this.failpoints.count(failpoint, this.time.nowMs, process);
    this.journal?.note(`${process} ${failpoint}`);
  }

  drawFault(name: RequestName, process: Liveness, subject: string): RequestFault | undefined {
    const index = this.#scripted.findIndex((scripted) => scripted.name === name);
    const [scripted] = index < 0 ? [] : this.#scripted.splice(index, 1);
    if (scripted !== undefined) return this.#unlessOff(scripted, process, subject);
    let rest = this.#faultRandom.fraction();
    for (const { fault, failpoint } of faultsOf(name)) {
      rest -= this.#probability(fault, failpoint);
      if (rest >= 0) continue;
      if (failpoint === undefined || process.killed || (!process.mayStop && stopping.has(fault))) return undefined;
      return this.failpoints.hit(failpoint, this.time.nowMs, process.number, subject) ? fault : undefined;
    }
    return undefined;
  }

  #unlessOff(
    { name, fault }: { readonly name: RequestName; readonly fault: RequestFault },
    process: Liveness,
    subject: string,
  ): RequestFault | undefined {
    const failpoint = failpointOf(name, fault);
    if (failpoint === undefined) return fault;
    return this.failpoints.hit(failpoint, this.time.nowMs, process.number, subject) ? fault : undefined;
  }

  isStruck(struck: string, fault: keyof Faults, random: SeededRandom, process = 0): boolean {
    const failpoint = failpointOf(struck, fault);
    if (failpoint === undefined || !random.chance(this.#probability(fault, failpoint))) return false;
    return this.failpoints.hit(failpoint, this.time.nowMs, process);
  }

  drawWayMs(name: RequestName | undefined, process: number): number {
    const { wayMsMin, wayMsMax, slowMsMax } = this.delays;
    const isSlow = this.isStruck(name ?? "wake", "slow", this.#faultRandom, process);
    return isSlow ? this.#faultRandom.between(wayMsMax, slowMsMax) : this.#faultRandom.between(wayMsMin, wayMsMax);
  }

  spreadHint(logId: LogId, next: number): void {
    for (const process of this.#processes) {
      const isStruck = (fault: keyof Faults): boolean =>
        this.isStruck("hint", fault, this.#faultRandom, process.number);
      if (process.killed || isStruck("hintLost")) continue;
      const times = isStruck("hintRepeated") ? 2 : 1;
      for (let time = 0; time < times; time += 1) {
        const { hintMsMax, hintStaleMsMax } = this.delays;
        const delayMs = this.#faultRandom.between(0, isStruck("hintStale") ? hintStaleMsMax : hintMsMax);
        this.time.schedule(delayMs, () => process.deliver(() => process.hint(logId, next)));
      }
    }
  }

  scheduleWake(duty: Duty, delayMs: number): void {
    const isStruck = (fault: keyof Faults): boolean => this.isStruck("wake", fault, this.#faultRandom);
    if (isStruck("wakeLost")) return;
    const times = isStruck("wakeRepeated") ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      const { wakeLateMsMax, wakeDelayedMsMax } = this.delays;
      const lateMs = this.#faultRandom.between(0, isStruck("wakeDelayed") ? wakeDelayedMsMax : wakeLateMsMax);
      this.time.schedule(delayMs + lateMs, () => this.#wakeHandler?.(duty));
    }
  }

  #probability(fault: keyof Faults, failpoint: string | undefined): number {
    const probability = this.#faults[fault];
    // Asked a dozen times for each request.
    if (failpoint === undefined || this.#focus.size === 0) return probability;
    return Math.max(probability, this.#focus.get(failpoint) ?? 0);
  }

  #dropTime(expiresAtMs: number): number {
    if (this.isStruck("expiry", "expiryNever", this.#faultRandom)) return Number.POSITIVE_INFINITY;
    return expiresAtMs + this.#faultRandom.between(0, this.delays.expiryLateMsMax);
  }
}

interface RequestFailpoint {
  readonly fault: RequestFault;
  readonly failpoint: string | undefined;
}

const faultsByRequest = new Map<RequestName, readonly RequestFailpoint[]>();

function faultsOf(name: RequestName): readonly RequestFailpoint[] {
  let found = faultsByRequest.get(name);
  if (found === undefined) {
    found = requestFaults.map((fault) => ({ fault, failpoint: failpointOf(name, fault) }));
    faultsByRequest.set(name, found);
  }
  return found;
}

const stopping: ReadonlySet<RequestFault> = new Set(["killBefore", "killAfter", "freezeBefore", "freezeAfter"]);
