/** What every workload is given, and what it answers. */
import type { Clock, Random, Timers } from "../../shared/storage/environment.ts";
import type {
  EphemeralHistory,
  LockHistory,
  LogHistory,
  MultiOperation,
  RegisterHistory,
  SequentialCreate,
  SetOperation,
  WatchHistory,
} from "../history.ts";
import type { LogCheckOptions } from "../check/check-log.ts";
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
  /** How long after it was sent a call that was not answered may still have its effect. */
  readonly lateMs: number;
  /** How much earlier a session may end because clocks differ. */
  readonly skewMs: number;
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

/** What happened, by the checker that it is for. */
export type WorkloadHistory =
  | { readonly kind: "log"; readonly history: LogHistory; readonly options: LogCheckOptions }
  | { readonly kind: "register"; readonly history: RegisterHistory }
  | { readonly kind: "set"; readonly operations: readonly SetOperation[] }
  | { readonly kind: "multi"; readonly operations: readonly MultiOperation[] }
  | { readonly kind: "watch"; readonly history: WatchHistory }
  | { readonly kind: "sequential"; readonly creates: readonly SequentialCreate[] }
  | { readonly kind: "ephemeral"; readonly history: EphemeralHistory }
  | { readonly kind: "lock"; readonly history: LockHistory };
