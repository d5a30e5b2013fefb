/** What the parts of a simulation know of each other. */
import type { Duty } from "../environment.ts";
import type { LogId } from "../log-store.ts";
import type { RequestName } from "../request-name.ts";
import type { Lifetimes } from "../storage.ts";
import type { Faults, RequestFault, SimulatedDelays } from "./faults.ts";
import type { MemoryBlobs } from "./memory-blobs.ts";
import type { MemoryItems } from "./memory-items.ts";
import type { MemoryLogs } from "./memory-logs.ts";
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
  /** What happens to a request that is sent now. */
  drawFault(name: RequestName): RequestFault | undefined;
  /** One way of a request. */
  drawWayMs(): number;
  /** Carries a hint to every process. */
  spreadHint(logId: LogId, next: number): void;
  /** Lets the handler be told of a duty. */
  scheduleWake(duty: Duty, delayMs: number): void;
}

/** Whether a process runs, and how it hears of something. */
export interface Liveness {
  readonly killed: boolean;
  /** When it goes on, in virtual time; in the past unless it is frozen. */
  readonly frozenUntilMs: number;
  /** Lets `resume` happen in the process as soon as it runs, or never. */
  deliver(resume: () => void): void;
}
