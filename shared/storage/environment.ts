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

/** A background duty for one partition. */
export interface Duty {
  readonly kind: "seal" | "retain" | "collect";
  readonly topicId: string;
  readonly partition: number;
}

/** Asks for a background duty at or after a delay. A lost wake-up costs delay, never data: a sweep finds what it missed. */
export interface WakeUps {
  wake(duty: Duty, delayMs: number): Promise<void>;
}
