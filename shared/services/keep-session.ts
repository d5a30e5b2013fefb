/** Keeps the session of a long-lived process alive by heartbeats. */
import { ServiceError } from "../api/errors.ts";
import type { Clock, Timers } from "../storage/environment.ts";
import type { SessionCredentials, SessionService } from "./coordination.ts";

/** Heartbeats in one timeout: two may be lost. */
const heartbeatsPerTimeout = 3;
/** After a heartbeat that failed, the next one comes this much sooner. */
const retriesPerHeartbeat = 4;

export interface KeptSession extends SessionCredentials {
  readonly timeoutMs: number;
}

export interface Keeper {
  readonly sessions: Pick<SessionService, "heartbeat">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly namespace: string;
}

/** Made once: nobody reads it. */
const over = new Error("nobody waits for it any more");

/**
 * Sends heartbeats until the signal aborts, or the session has ended, or it may have. Does not throw what a store or a service
 * may answer.
 *
 * @param sentMs monotonic clock, before the session was asked for
 */
export async function keepSession(
  { sessions, clock, timers, namespace }: Keeper,
  session: KeptSession,
  sentMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { timeoutMs } = session;
  const beatMs = timeoutMs / heartbeatsPerTimeout;
  let provenMs = sentMs;
  let waitMs = beatMs;
  for (;;) {
    const restMs = Math.min(waitMs, provenMs + timeoutMs - clock.monotonicMs());
    await sleep(timers, Math.max(0, restMs), signal);
    const nowMs = clock.monotonicMs();
    if (signal.aborted || nowMs - provenMs >= timeoutMs) return;
    try {
      const leftMs = provenMs + timeoutMs - nowMs;
      await within(timers, leftMs, sessions.heartbeat(namespace, session), signal);
      provenMs = nowMs;
      waitMs = beatMs;
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code === "SESSION_EXPIRED") return;
      waitMs = beatMs / retriesPerHeartbeat;
    }
  }
}

/** Throws when `work` has no end after `ms` or when the signal aborts; nobody hears then how it ends. */
async function within<Answer>(timers: Timers, ms: number, work: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const answered = new AbortController();
  const late = async (): Promise<never> => {
    await sleep(timers, ms, AbortSignal.any([signal, answered.signal]));
    throw over;
  };
  try {
    return await Promise.race([work, late()]);
  } finally {
    answered.abort(over);
  }
}

async function sleep(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await timers.sleep(ms, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
