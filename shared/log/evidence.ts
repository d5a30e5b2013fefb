/**
 * How old a proof is, by both clocks: the monotonic one may stand still while a process is frozen, the wall clock may step
 * (invariants 3 and 4). Time is never used to decide an order.
 *
 * Model: `models/shared-log/SharedLog.tla`.
 */
import type { Clock } from "../storage/environment.ts";

/** When something was seen. Taken before the request that sees it, so that a proof is never younger than it claims. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function instantOf(clock: Clock): Instant {
  return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
}

/** True if by both clocks no more than `ageMsMax` has passed. A wall clock that went back counts as stale. */
export function isFresh(seen: Instant, now: Instant, ageMsMax: number): boolean {
  const wallAgeMs = now.wallMs - seen.wallMs;
  const monotonicAgeMs = now.monotonicMs - seen.monotonicMs;
  return wallAgeMs >= 0 && wallAgeMs <= ageMsMax && monotonicAgeMs <= ageMsMax;
}
