/**
 * The sessions whose clients are at this gateway. Heartbeats are kept in memory; the lease is written at most every third of
 * the timeout, for a third more than the client was promised, so that it holds as long as promised since the last thing that
 * was heard, whenever the gateway dies. A gateway that lives ends a session itself when the promised time is over.
 */
import { timingSafeEqual } from "node:crypto";
import { describeError, type Log } from "../../functions/http/log.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import {
  expiringSessionsMax,
  expiryCheckMs,
  standstillMs,
  tickMsDefault,
  ticksOfTimeoutMax,
  ticksOfTimeoutMin,
} from "../../shared/limits/zookeeper-gateway.ts";
import { sessionTimeoutMsMax, sessionTimeoutMsMin } from "../../shared/limits.ts";
import type { SessionCredentials, SessionService } from "../../shared/services/coordination.ts";
import type { Clock, Timers } from "../../shared/storage/environment.ts";

/** A lease is written again after this part of the promised timeout, and lasts for so much more. */
const leaseParts = 3;
/** After a lease could not be written, it is tried again this much sooner. */
const retryParts = 12;

/** The connection that a session's client is at. */
export interface SessionHolder {
  /**
   * Ends the connection; the session goes on. Resolves when nothing that was asked for over it is under way any more.
   *
   * @param reason is written down
   */
  leave(reason?: string): Promise<void>;
}

export interface HeldSession extends SessionCredentials {
  /** As promised to the client. */
  readonly timeoutMs: number;
  holder: SessionHolder | undefined;
  heardMs: number;
  /** When its lease was, or counts as, written last. */
  leasedMs: number;
  /** When the lease that it surely has was asked for. */
  securedMs: number;
  /** The last try to write the lease failed. */
  isUnsecured: boolean;
  isLeasing: boolean;
  isEnding: boolean;
  /** While it is being closed: resolves, whatever comes of it. */
  closing: Promise<void> | undefined;
}

interface Resuming {
  /** Connections over which its client comes back. */
  count: number;
  isClosed: boolean;
}

export interface SessionTableOptions {
  readonly sessions: SessionService;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly namespace: string;
  readonly log: Log;
  /** Names this gateway as long as it runs, among all others. */
  readonly owner: bigint;
  /** ZooKeeper's tickTime, in milliseconds; default 2,000. */
  readonly tickMs?: number | undefined;
}

export class SessionTable {
  readonly #options: SessionTableOptions;
  readonly #held = new Map<bigint, HeldSession>();
  readonly #stop = new AbortController();
  /** Whose time is over, and which are to be closed. */
  readonly #ending: HeldSession[] = [];
  /** That are being closed. */
  #endingCount = 0;
  /** Whose clients are coming back: they do not end meanwhile for want of being heard. */
  readonly #resuming = new Map<bigint, Resuming>();
  /** When it was last looked for such. */
  #lookedMs: number;
  #stoodStill = false;

  constructor(options: SessionTableOptions) {
    this.#options = options;
    this.#lookedMs = options.clock.monotonicMs();
    void this.#watchTime();
  }

  get count(): number {
    return this.#held.size;
  }

  get all(): Iterable<HeldSession> {
    return this.#held.values();
  }

  get owner(): bigint {
    return this.#options.owner;
  }

  get minTimeoutMs(): number {
    return ticksOfTimeoutMin * (this.#options.tickMs ?? tickMsDefault);
  }

  get maxTimeoutMs(): number {
    return ticksOfTimeoutMax * (this.#options.tickMs ?? tickMsDefault);
  }

  /** No session ends by this gateway from now on; they go on until their leases are over. */
  close(): void {
    this.#stop.abort();
  }

  /** @throws ServiceError as `SessionService.create` */
  async create(askedMs: number, holder: SessionHolder): Promise<HeldSession> {
    const { sessions, namespace, clock, owner } = this.#options;
    const promisedMs = Math.min(this.maxTimeoutMs, Math.max(this.minTimeoutMs, askedMs));
    const begunMs = clock.monotonicMs();
    const created = await sessions.create(namespace, { timeoutMs: leaseMsOf(promisedMs), owner });
    return this.#hold(created, created.timeoutMs, holder, begunMs);
  }

  /**
   * Takes up a session that was this gateway's, or another's. It does not end by this gateway meanwhile, and where it is ending
   * already, that decides.
   *
   * @returns undefined where there is no such session any more, or the password is not its own
   * @throws ServiceError where it is not known
   */
  async resume(credentials: SessionCredentials, holder: SessionHolder): Promise<HeldSession | undefined> {
    const { sessionId, password } = credentials;
    const known = this.#held.get(sessionId);
    if (known !== undefined && !isSame(known.password, password)) return undefined;
    const resuming = this.#resuming.get(sessionId) ?? { count: 0, isClosed: false };
    resuming.count += 1;
    this.#resuming.set(sessionId, resuming);
    try {
      return await this.#resume(credentials, holder, resuming);
    } finally {
      resuming.count -= 1;
      if (resuming.count === 0) this.#resuming.delete(sessionId);
    }
  }

  async #resume(
    credentials: SessionCredentials,
    holder: SessionHolder,
    resuming: Resuming,
  ): Promise<HeldSession | undefined> {
    const { sessions, namespace, clock, owner } = this.#options;
    const { sessionId } = credentials;
    for (let taken = this.#taken(sessionId); taken !== undefined; taken = this.#taken(sessionId)) {
      await this.#vacate(taken);
    }
    if (resuming.isClosed) return undefined;
    const begunMs = clock.monotonicMs();
    let timeoutMs: number;
    try {
      ({ timeoutMs } = await sessions.takeOver(namespace, credentials, owner));
    } catch (error) {
      if (error instanceof ServiceError && error.code === "SESSION_EXPIRED") return undefined;
      throw error;
    }
    // Its client may have come back over yet another connection meanwhile, and may have closed it.
    for (let taken = this.#taken(sessionId); taken !== undefined; taken = this.#taken(sessionId)) {
      await this.#vacate(taken);
    }
    return resuming.isClosed ? undefined : this.#hold(credentials, timeoutMs, holder, begunMs);
  }

  /** One that a connection has, or that is being closed. */
  #taken(sessionId: bigint): HeldSession | undefined {
    const known = this.#held.get(sessionId);
    return known?.holder === undefined && known?.closing === undefined ? undefined : known;
  }

  /** Takes it from the connection that its client has left, and waits for a close that is under way. */
  async #vacate(session: HeldSession): Promise<void> {
    const { holder } = session;
    if (holder !== undefined) {
      await holder.leave("its client has come back over another connection");
      this.left(session, holder);
    }
    await session.closing;
  }

  /** Something was heard of the client: its lease is written if that is due. */
  heard(session: HeldSession): void {
    const nowMs = this.#options.clock.monotonicMs();
    session.heardMs = nowMs;
    if (nowMs - session.leasedMs < session.timeoutMs / leaseParts || session.isLeasing) return;
    void this.#lease(session, nowMs);
  }

  /** The connection is gone; the session stays until its time is over. */
  left(session: HeldSession, holder: SessionHolder): void {
    if (session.holder === holder) session.holder = undefined;
  }

  /** At its client's request. @throws ServiceError as `SessionService.close` */
  async end(session: HeldSession): Promise<{ readonly zxid: number }> {
    const { sessions, namespace, owner } = this.#options;
    session.isEnding = true;
    const closed = sessions.close(namespace, session, owner);
    session.closing = closed.then(
      () => {
        const resuming = this.#resuming.get(session.sessionId);
        if (resuming !== undefined) resuming.isClosed = true;
        this.#forget(session);
      },
      () => this.#forget(session),
    );
    return await closed;
  }

  #hold(
    { sessionId, password }: SessionCredentials,
    leaseMs: number,
    holder: SessionHolder,
    begunMs: number,
  ): HeldSession {
    const { clock } = this.#options;
    const session: HeldSession = {
      sessionId,
      password: new Uint8Array(password),
      timeoutMs: promisedMsOf(leaseMs),
      holder,
      heardMs: clock.monotonicMs(),
      leasedMs: begunMs,
      securedMs: begunMs,
      isUnsecured: false,
      isLeasing: false,
      isEnding: false,
      closing: undefined,
    };
    this.#held.set(sessionId, session);
    return session;
  }

  async #lease(session: HeldSession, nowMs: number): Promise<void> {
    const { sessions, namespace, log, owner } = this.#options;
    session.isLeasing = true;
    try {
      await sessions.heartbeat(namespace, session, owner);
      session.leasedMs = nowMs;
      session.securedMs = nowMs;
      session.isUnsecured = false;
    } catch (error) {
      if (isOver(error)) {
        this.#drop(session, error.code);
        return;
      }
      log("WARN", "the lease of a session could not be written", { cause: describeError(error) });
      session.leasedMs = nowMs - session.timeoutMs / leaseParts + session.timeoutMs / retryParts;
      session.isUnsecured = true;
    } finally {
      session.isLeasing = false;
    }
  }

  /** It is over, or another gateway's. */
  #drop(session: HeldSession, reason: string): void {
    this.#forget(session);
    void session.holder?.leave(reason);
  }

  #forget(session: HeldSession): void {
    if (this.#held.get(session.sessionId) === session) this.#held.delete(session.sessionId);
  }

  async #watchTime(): Promise<void> {
    const { timers } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await timers.sleep(expiryCheckMs, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (!signal.aborted) this.#expire();
    }
  }

  #expire(): void {
    const nowMs = this.#options.clock.monotonicMs();
    // A process that stood still has not looked yet at what its clients sent meanwhile.
    const stoodStill = nowMs - this.#lookedMs > standstillMs;
    this.#lookedMs = nowMs;
    if (stoodStill && !this.#stoodStill) {
      this.#stoodStill = true;
      return;
    }
    this.#stoodStill = false;
    for (const session of this.#held.values()) {
      if (session.isEnding || this.#resuming.has(session.sessionId)) continue;
      if (nowMs - session.heardMs > session.timeoutMs) {
        session.isEnding = true;
        void session.holder?.leave("nothing was heard of the client for the session's timeout");
        this.#ending.push(session);
      } else if (isInDoubt(session, nowMs)) {
        void session.holder?.leave("nobody knows whether the session's lease goes on");
      }
    }
    this.#endSome();
  }

  #endSome(): void {
    while (this.#endingCount < expiringSessionsMax) {
      const session = this.#ending.shift();
      if (session === undefined) return;
      // Its client may have come back, or be about to.
      if (this.#held.get(session.sessionId) !== session) continue;
      if (this.#resuming.has(session.sessionId)) {
        session.isEnding = false;
        continue;
      }
      this.#endingCount += 1;
      void this.#expireOne(session).finally(() => {
        this.#endingCount -= 1;
        this.#endSome();
      });
    }
  }

  async #expireOne(session: HeldSession): Promise<void> {
    const { log } = this.#options;
    try {
      await this.end(session);
    } catch (error) {
      if (isOver(error)) return;
      // Its lease runs out by itself.
      log("WARN", "a session whose time is over could not be closed", { cause: describeError(error) });
    }
  }
}

/**
 * Its lease may be over before the client is told: others may end the session, and give to others what it had. The client is cut off
 * while there is time to go to a gateway that reaches the store.
 */
function isInDoubt({ isUnsecured, securedMs, timeoutMs }: HeldSession, nowMs: number): boolean {
  const securedForMs = nowMs - securedMs;
  return securedForMs > timeoutMs + timeoutMs / leaseParts || (isUnsecured && securedForMs > timeoutMs);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The session has ended, or another gateway has it. */
function isOver(error: unknown): error is ServiceError {
  return error instanceof ServiceError && (error.code === "SESSION_EXPIRED" || error.code === "SESSION_MOVED");
}

/** What a lease is asked for, of what the client is promised. */
function leaseMsOf(promisedMs: number): number {
  const leaseMs = promisedMs + Math.ceil(promisedMs / leaseParts);
  return Math.min(sessionTimeoutMsMax, Math.max(sessionTimeoutMsMin, leaseMs));
}

function promisedMsOf(leaseMs: number): number {
  return Math.floor((leaseMs * leaseParts) / (leaseParts + 1));
}
