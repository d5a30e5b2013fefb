/** What the parts of a simulation know of each other. */
import type { Duty } from "../environment.ts";
import type { LogId } from "../log-store.ts";
import type { RequestName } from "../request-name.ts";
import type { Lifetimes } from "../storage.ts";
import type { Faults, ProcessFailpoint, RequestFault, SimulatedDelays } from "./faults.ts";
import type { Journal } from "./journal.ts";
import type { MemoryBlobs } from "./memory-blobs.ts";
import type { MemoryItems } from "./memory-items.ts";
import type { MemoryLogs } from "./memory-logs.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** The world that all processes share. */
export interface Simulation {
  readonly time: SimulatedTime;
  readonly delays: SimulatedDelays;
  /** The probabilities in force. */
  readonly faults: Faults;
  readonly lifetimes: Lifetimes;
  readonly dropsExpiredEntries: boolean;
  readonly logs: MemoryLogs;
  readonly items: MemoryItems;
  readonly blobs: MemoryBlobs;
  /** All that happens is noted here, if anywhere. */
  readonly journal: Journal | undefined;
  /** What happens to a request that is sent now. */
  drawFault(name: RequestName, process: Liveness, subject: string): RequestFault | undefined;
  /** Whether what is no request of its own is struck now. */
  isStruck(struck: string, fault: keyof Faults, random: SeededRandom, process?: number): boolean;
  /** Counts what is done to a process. */
  hit(failpoint: ProcessFailpoint, process: number): void;
  /** One way of a request, or of something else. */
  drawWayMs(name: RequestName | undefined, process: number): number;
  /** Carries a hint to every process. */
  spreadHint(logId: LogId, next: number): void;
  /** Lets the handler be told of a duty. */
  scheduleWake(duty: Duty, delayMs: number): void;
}

/** Whether a process runs, and how it hears of something. */
export interface Liveness {
  /** 1 for the first of a store. */
  readonly number: number;
  /** Whether failpoints may kill or freeze it. */
  readonly mayStop: boolean;
  readonly killed: boolean;
  /** When it goes on, in virtual time; in the past unless it is frozen. */
  readonly frozenUntilMs: number;
  kill(): void;
  freeze(ms: number): void;
  /** Lets `resume` happen in the process as soon as it runs, or never. */
  deliver(resume: () => void): void;
}
