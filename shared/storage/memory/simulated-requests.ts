import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../errors.ts";
import type { RequestName } from "../request-name.ts";
import type { RequestFault } from "./faults.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { Liveness, Simulation } from "./simulation.ts";

/**
 * Carries the requests of one process to the store and their answers back.
 *
 *     call ── way ──► applied ── way ──► answer
 *       │               │ └ throttled, unavailable: not applied, answered so
 *       │               ├ time-out: applied before it, at a random time after it, or never
 *       │               └ the process is frozen or killed after it
 *       ├ the process is frozen or killed before it leaves
 *       └ or on the way: the request is held back until it goes on, or not
 */
export class SimulatedRequests {
  readonly #store: Simulation;
  readonly #process: Liveness;
  readonly #random: SeededRandom;

  constructor(store: Simulation, process: Liveness, random: SeededRandom) {
    this.#store = store;
    this.#process = process;
    this.#random = random;
  }

  /** Sends a read. `later`, if given, reads again after a while what `apply` has read, and gives the answer. */
  read<T>(name: RequestName, subject: string, apply: () => T, later?: (first: T) => T): Promise<T> {
    return this.#send({ name, subject }, (fault, answer, timeOut) => {
      if (fault !== undefined) return timeOut();
      if (later === undefined) return answer(apply);
      const first = apply();
      const tornMs = this.#random.between(0, this.#store.delays.tornMsMax);
      this.#store.time.schedule(tornMs, () => answer(() => later(first)));
    });
  }

  /** Sends a write. */
  write<T>(name: RequestName, subject: string, apply: () => T, maySend?: () => boolean): Promise<T> {
    return this.#send({ name, subject, maySend }, (fault, answer, timeOut) => {
      if (fault === undefined) return answer(apply);
      if (fault === "repeated" || fault === "timeoutAfter") apply();
      if (fault === "repeated") {
        if (!isOfItem(name)) return answer(apply);
        apply();
      }
      timeOut();
      if (fault === "timeoutLate") {
        const { timeoutMs, lateApplyMsMax } = this.#store.delays;
        this.#store.time.schedule(timeoutMs + this.#random.between(0, lateApplyMsMax), () => void apply());
      }
    });
  }

  /** Sends something that has no faults of its own and no result. */
  tell(subject: string, apply: () => void): Promise<void> {
    this.#store.journal?.note(`${this.#process.number} tells ${subject}`);
    return new Promise((resolve) => {
      this.#carry(undefined, undefined, () => {
        apply();
        this.#answer(undefined, resolve);
      });
    });
  }

  #send<T>({ name, subject, maySend }: Sent, arrive: Arrive<T>): Promise<T> {
    const { time, delays } = this.#store;
    const process = this.#process;
    const deadlineMs = time.nowMs + delays.timeoutMs;
    const fault = this.#store.drawFault(name, process, subject);
    this.#store.journal?.note(`${process.number} ${name} ${subject} ${fault ?? ""}`);
    return new Promise<T>((resolve, reject) => {
      const timeOut = (): void => {
        const leftMs = Math.max(0, deadlineMs - time.nowMs);
        const fail = (): void => reject(new StorageTimeoutError(`${name}: no answer`));
        time.schedule(leftMs, () => process.deliver(fail));
      };
      const answer = (apply: () => T): void => {
        const settle = settledBy(apply, resolve, reject);
        if (fault === "killAfter") process.kill();
        if (fault === "freezeAfter") this.#freeze();
        const wayMs = this.#store.drawWayMs(name, process.number);
        if (time.nowMs + wayMs > deadlineMs) timeOut();
        else this.#answer(name, settle, wayMs);
      };
      const withhold = (): boolean => {
        if (maySend === undefined || maySend()) return false;
        this.#answer(name, () => reject(new StorageUnavailableError(`${name}: not sent, too late`)));
        return true;
      };
      if (withhold()) return;
      if (fault === "killBefore") return process.kill();
      if (fault === "freezeBefore") this.#freeze();
      this.#carry(name, withhold, () => {
        this.#store.journal?.note("arrives");
        const refusal = refusalOf(name, fault);
        if (refusal !== undefined) this.#answer(name, () => reject(refusal));
        else arrive(isUnanswered(fault) ? fault : undefined, answer, timeOut);
      });
    });
  }

  #freeze(): void {
    this.#process.freeze(this.#random.between(1, this.#store.delays.freezeMsMax));
  }

  #carry(name: RequestName | undefined, withhold: (() => boolean) | undefined, arrive: () => void): void {
    if (this.#process.killed) return;
    const wayMs = this.#store.drawWayMs(name, this.#process.number);
    this.#store.time.schedule(wayMs, () => this.#arrive(withhold, arrive));
  }

  #arrive(withhold: (() => boolean) | undefined, arrive: () => void): void {
    const { time } = this.#store;
    const frozenMs = this.#process.frozenUntilMs - time.nowMs;
    const stopped = this.#process.killed || frozenMs > 0;
    // By chance it had left the process before that stopped.
    if (!stopped || this.#random.chance(0.5)) {
      arrive();
    } else if (!this.#process.killed) {
      time.schedule(frozenMs, () => {
        if (withhold?.() !== true) this.#arrive(withhold, arrive);
      });
    }
  }

  #answer(
    name: RequestName | undefined,
    settle: () => void,
    wayMs = this.#store.drawWayMs(name, this.#process.number),
  ): void {
    if (wayMs === 0) this.#process.deliver(settle);
    else this.#store.time.schedule(wayMs, () => this.#process.deliver(settle));
  }
}

/** Does `apply` now; what it returns settles the request's promise when the answer has arrived. */
function settledBy<T>(apply: () => T, resolve: (value: T) => void, reject: (cause: Error) => void): () => void {
  try {
    const value = apply();
    return () => resolve(value);
  } catch (cause) {
    return () => reject(cause as Error);
  }
}

/** What leaves nobody an answer. */
type Unanswered = "timeoutBefore" | "timeoutAfter" | "timeoutLate" | "repeated";

interface Sent {
  readonly name: RequestName;
  readonly subject: string;
  readonly maySend?: (() => boolean) | undefined;
}

type Arrive<T> = (fault: Unanswered | undefined, answer: (apply: () => T) => void, timeOut: () => void) => void;

function isUnanswered(fault: RequestFault | undefined): fault is Unanswered {
  return fault === "timeoutBefore" || fault === "timeoutAfter" || fault === "timeoutLate" || fault === "repeated";
}

function isOfItem(name: RequestName): boolean {
  return name.startsWith("items.");
}

/** As the adapters tell it. */
function refusalOf(name: RequestName, fault: RequestFault | undefined): Error | undefined {
  if (fault === "throttled") return new StorageThrottledError(`${name}: throttled`);
  if (fault === "unavailable") return new StorageUnavailableError(`${name}: refused`);
  if (fault === "credentialsExpired") return new StorageUnavailableError(`${name}: the credentials have expired`);
  if (fault === "diskFull") return new StorageUnavailableError(`${name}: the disk is full`);
  return undefined;
}
