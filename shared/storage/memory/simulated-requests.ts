import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../errors.ts";
import type { RequestName } from "../request-name.ts";
import type { SeededRandom } from "./seeded-random.ts";
import type { Liveness, Simulation } from "./simulation.ts";

/**
 * Carries the requests of one process to the store and their answers back.
 *
 *     call ── way ──► applied ── way ──► answer
 *       │               │ └ throttled, unavailable: not applied, answered so
 *       │               └ time-out: applied before it, at a random time after it, or never
 *       └ the process is frozen or killed on the way: the request is held back until it goes on, or not
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
  read<T>(name: RequestName, apply: () => T, later?: (first: T) => T): Promise<T> {
    return this.#send(name, undefined, (fault, answer, timeOut) => {
      if (fault !== undefined) return timeOut();
      if (later === undefined) return answer(apply);
      const first = apply();
      const tornMs = this.#random.between(0, this.#store.delays.tornMsMax);
      this.#store.time.schedule(tornMs, () => answer(() => later(first)));
    });
  }

  /** Sends a write. */
  write<T>(name: RequestName, apply: () => T, maySend?: () => boolean): Promise<T> {
    return this.#send(name, maySend, (fault, answer, timeOut) => {
      if (fault === undefined) return answer(apply);
      if (fault === "putRepeated") {
        apply();
        return answer(apply);
      }
      if (fault === "timeoutAfter") apply();
      timeOut();
      if (fault === "timeoutLate") {
        const { timeoutMs, lateApplyMsMax } = this.#store.delays;
        this.#store.time.schedule(timeoutMs + this.#random.between(0, lateApplyMsMax), () => void apply());
      }
    });
  }

  /** Sends something that has no faults of its own and no result. */
  tell(apply: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#carry(undefined, () => {
        apply();
        this.#answer(resolve);
      });
    });
  }

  #send<T>(
    name: RequestName,
    maySend: (() => boolean) | undefined,
    arrive: (fault: Arriving | undefined, answer: (apply: () => T) => void, timeOut: () => void) => void,
  ): Promise<T> {
    const { time, delays } = this.#store;
    const deadlineMs = time.nowMs + delays.timeoutMs;
    const drawn = this.#store.drawFault(name);
    const fault = drawn === "putRepeated" && name !== "logs.putIfAbsent" ? undefined : drawn;
    return new Promise<T>((resolve, reject) => {
      const timeOut = (): void => {
        const leftMs = Math.max(0, deadlineMs - time.nowMs);
        const fail = (): void => reject(new StorageTimeoutError(`${name}: no answer`));
        time.schedule(leftMs, () => this.#process.deliver(fail));
      };
      const answer = (apply: () => T): void => {
        const settle = settledBy(apply, resolve, reject);
        const wayMs = this.#store.drawWayMs();
        if (time.nowMs + wayMs > deadlineMs) timeOut();
        else this.#answer(settle, wayMs);
      };
      const withhold = (): boolean => {
        if (maySend === undefined || maySend()) return false;
        this.#answer(() => reject(new StorageUnavailableError(`${name}: not sent, too late`)));
        return true;
      };
      if (withhold()) return;
      this.#carry(withhold, () => {
        if (fault === "throttled") this.#answer(() => reject(new StorageThrottledError(`${name}: throttled`)));
        else if (fault === "unavailable") this.#answer(() => reject(new StorageUnavailableError(`${name}: refused`)));
        else arrive(fault, answer, timeOut);
      });
    });
  }

  #carry(withhold: (() => boolean) | undefined, arrive: () => void): void {
    if (this.#process.killed) return;
    this.#store.time.schedule(this.#store.drawWayMs(), () => this.#arrive(withhold, arrive));
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

  #answer(settle: () => void, wayMs = this.#store.drawWayMs()): void {
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

type Arriving = "timeoutBefore" | "timeoutAfter" | "timeoutLate" | "putRepeated";
