/**
 * Where several processes serve one store, one of them does the background duties: the leader of an election. Nothing depends
 * on there being one only (duties are safe wherever they run): it saves the others the work.
 */
import { describeError } from "../functions/http/log.ts";
import type { Log } from "../functions/http/log.ts";
import { ServiceError } from "../shared/api/errors.ts";
import { dutyElectionRetryMs, dutySessionTimeoutMs } from "../shared/limits.ts";
import type { CallContext, SessionCredentials } from "../shared/services/coordination.ts";
import { keepSession } from "../shared/services/keep-session.ts";
import type { Services } from "../shared/services/services.ts";
import type { Clock, Timers } from "../shared/storage/environment.ts";

const namespace = "default";
const election = "streamkeeper-duties";

export interface DutyElectionOptions {
  readonly services: Pick<Services, "sessions" | "elections">;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Told when this process begins to lead, and when it no longer does or can no longer be sure. */
  readonly onLead: (leads: boolean) => void;
  /** How soon another takes over when this process is gone. Default `dutySessionTimeoutMs`. */
  readonly sessionTimeoutMs?: number;
}

/** Made once: nobody reads it. */
const over = new Error("the term is over");

export class DutyElection {
  readonly #options: DutyElectionOptions;
  readonly #timeoutMs: number;
  readonly #stopped = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: DutyElectionOptions) {
    this.#options = options;
    this.#timeoutMs = options.sessionTimeoutMs ?? dutySessionTimeoutMs;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Stands down, so that another may lead at once. */
  async stop(): Promise<void> {
    this.#stopped.abort(over);
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        await this.#stand();
      } catch (error) {
        this.#options.log("ERROR", "duty election failed", { cause: describeError(error) });
      }
      await this.#sleep(dutyElectionRetryMs, this.#stopped.signal);
    }
  }

  /** One session: until it is lost, or this process stops. */
  async #stand(): Promise<void> {
    const { services, clock, timers, onLead } = this.#options;
    const sentMs = clock.monotonicMs();
    const session = await services.sessions.create(namespace, { timeoutMs: this.#timeoutMs });
    const term = new AbortController();
    const end = (): void => term.abort(over);
    this.#stopped.signal.addEventListener("abort", end, { once: true });
    if (this.#stopped.signal.aborted) end();
    const keeper = { sessions: services.sessions, clock, timers, namespace };
    const heart = keepSession(keeper, session, sentMs, term.signal).finally(end);
    try {
      if (await this.#isElected({ namespace, identities: [], session }, term.signal)) onLead(true);
      await aborted(term.signal);
    } finally {
      onLead(false);
      end();
      this.#stopped.signal.removeEventListener("abort", end);
      await heart;
      await this.#close(session);
    }
  }

  /** False if the term is over before. */
  async #isElected(context: CallContext, signal: AbortSignal): Promise<boolean> {
    const { elections } = this.#options.services;
    while (!signal.aborted) {
      const { leader } = await elections.campaign(context, election, { waitMs: this.#timeoutMs, signal });
      if (signal.aborted) return false;
      if (leader) return true;
      await this.#lookAtLeader(context);
    }
    return false;
  }

  /** The wake-up that would end the leader's session went with its process, if that is gone: then it is ended from here. */
  async #lookAtLeader(context: CallContext): Promise<void> {
    const { sessions, elections } = this.#options.services;
    const { leader } = await elections.leader(context, election);
    if (leader !== undefined) await sessions.reap(namespace, leader.sessionId);
  }

  /** What cannot be closed runs out. */
  async #close(session: SessionCredentials): Promise<void> {
    try {
      await this.#options.services.sessions.close(namespace, session);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
    }
  }

  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.timers.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
}
