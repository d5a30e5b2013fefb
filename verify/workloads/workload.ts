/** What every workload is given, and what it hands back. */
import type { Clock, Random, Timers } from "../../shared/storage/environment.ts";
import type { Anomaly } from "../check/anomaly.ts";
import type { VerifyTarget } from "../target.ts";
import type { Tally } from "./tally.ts";

export interface WorkloadTiming {
  /** Pause of a worker between two operations on the log. */
  readonly logPauseMs: number;
  /** Pause of a worker between two operations on the tree. */
  readonly treePauseMs: number;
  readonly sessionTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  /** Longest wait of one poll. */
  readonly pollWaitMs: number;
  /** Before a call is tried again that failed, at most. */
  readonly retryPauseMs: number;
  /** How long a lock is held, at most. */
  readonly holdMs: number;
  /** How long the final phase goes on trying what fails. */
  readonly finalPatienceMs: number;
  /** How late the end of a session may be seen: expiry, and a clock of the service that stood still. */
  readonly expiryGraceMs: number;
}

export interface WorkloadContext {
  readonly target: VerifyTarget;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly timing: WorkloadTiming;
  /** Begins every name, so that runs do not meet; letters, digits and hyphens. */
  readonly runId: string;
  /** Workers of this workload. */
  readonly clients: number;
  /** Aborts when the load is to end and the final phase to begin. */
  readonly load: AbortSignal;
  readonly tally: Tally;
  /** Records that are acknowledged and yet to be written, where their number is bounded. */
  readonly budget: RecordBudget;
}

export interface RecordBudget {
  /** Records that may still be begun. */
  left: number;
}

/** What happened, ready to be checked. */
export interface WorkloadResult {
  check(): readonly Anomaly[];
  /** For a file: one JSON value for each line. */
  lines(): Iterable<unknown>;
}

/** Runs until `load` aborts, then the final phase. @throws TargetError if it cannot even begin */
export type Workload = (context: WorkloadContext) => Promise<WorkloadResult>;
