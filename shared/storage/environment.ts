/** Everything else that the core takes from outside, so that simulation can drive it. */
import type { LogId } from "./log-store.ts";

export interface Clock {
  /** Wall clock, ms since the epoch; may step. */
  wallMs(): number;
  /** Never steps back; its zero means nothing. */
  monotonicMs(): number;
}

export interface Random {
  /** Uniform in 0 .. 2^32-1. */
  uint32(): number;
  /** 128 random bits as 22 characters of base64url without padding: attempt ids, blob names, topic ids. */
  id(): string;
}

export interface Timers {
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A hint that a log has grown. It may be lost, late or repeated: it only shortens a wait. */
export interface Notifier {
  notify(logId: LogId, next: number): void;
  /** Resolves at the next hint for `logId` beyond `position`, or after `ms`, or when the signal aborts; never rejects. */
  wait(logId: LogId, position: number, ms: number, signal?: AbortSignal): Promise<void>;
}

/** A background duty. */
export type Duty = PartitionDuty | CompactDuty | TimedDuty | SweepDuty;

/** Work on one partition, which may take minutes and can wait as long. */
export interface PartitionDuty {
  readonly kind: "seal" | "retain" | "collect";
  readonly topicId: string;
  readonly partition: number;
  /** Of `seal`: the topic's, where it is smaller than the default; who seals may not read topics. */
  readonly segmentBytes?: number;
}

/** Compacts a partition by its topic's settings as they were when it was asked for: who does it may not read topics. */
export interface CompactDuty {
  readonly kind: "compact";
  readonly topicId: string;
  readonly partition: number;
  /** Wall clock of who asked. */
  readonly askedAtMs: number;
  readonly segmentBytes: number;
  readonly minCompactionLagMs: number;
  readonly maxCompactionLagMs: number;
  readonly deleteRetentionMs: number;
  /** 0 to 1. */
  readonly minCleanableDirtyRatio: number;
}

/** What is due at a time and takes a moment. */
export type TimedDuty =
  /** Closes a session whose lease is over. */
  | { readonly kind: "reap"; readonly namespace: string; readonly sessionId: string }
  /** Deletes containers that are empty again and znodes whose TTL is over. */
  | { readonly kind: "expire"; readonly namespace: string }
  /** Ends a transaction that is over its time, or whose process died while it ended it. */
  | { readonly kind: "transaction"; readonly namespace: string; readonly transactionalId: string };

/** What finds everything that is due and that nobody was asked for. */
export type SweepDuty =
  | { readonly kind: "sweep" }
  /** Asks for a sweep, in the place of who could not. */
  | { readonly kind: "arm" };

/** The same for two duties of which one will do. */
export function dutyName(duty: Duty): string {
  switch (duty.kind) {
    case "seal":
    case "retain":
    case "collect":
    case "compact":
      return `${duty.kind}:${duty.topicId}:${duty.partition}`;
    case "reap":
      return `reap:${duty.namespace}:${duty.sessionId}`;
    case "expire":
      return `expire:${duty.namespace}`;
    case "transaction":
      return `transaction:${duty.namespace}:${duty.transactionalId}`;
    case "sweep":
    case "arm":
      return duty.kind;
  }
}

export function isTimed(duty: Duty): duty is TimedDuty {
  return duty.kind === "reap" || duty.kind === "expire" || duty.kind === "transaction";
}

/** Asks for a background duty at or after a delay. A lost wake-up costs delay, never data: a sweep finds what it missed. */
export interface WakeUps {
  /** True when they are gone with the process that asked: whoever sweeps asks again for what is still to come. */
  readonly endWithProcess?: boolean;
  /** How long after something has changed a sweep comes at the latest. Absent where sweeps come without being asked for. */
  readonly sweepEveryMs?: number;
  /** A sweep may come later than asked for, and one that was asked for before will do; it is not lost, or this fails. */
  wake(duty: Duty, delayMs: number): Promise<void>;
  /**
   * Makes sure that a sweep comes within `sweepEveryMs` and a little, whatever happens to this process. Costs a request once
   * in that time. Absent where sweeps come without being asked for, or are asked for at every append.
   */
  arm?(): Promise<void>;
}
