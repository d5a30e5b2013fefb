/** What is known of the request that the present code runs for, wherever in it that is. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { ErrorCode } from "../../shared/api/errors.ts";
import type { MetricRecorder, Metrics } from "../../shared/metrics/metrics.ts";

/** Errors of one request that are noted: a transaction of many partitions may fail in each. */
const errorsMax = 1_000;

export class RequestScope {
  /** Of the whole request, and of parts of an answer that succeeds otherwise. */
  readonly errors: ErrorCode[] = [];
  #waitedMs = 0;
  #waits = 0;
  #waitsSinceMs = 0;

  /** How long the client let it wait, up to now. */
  waitedMs(nowMs: number): number {
    return this.#waitedMs + (this.#waits > 0 ? nowMs - this.#waitsSinceMs : 0);
  }

  note(error: ErrorCode): void {
    if (this.errors.length < errorsMax) this.errors.push(error);
  }

  /** Waits for several things at a time count once. */
  async waiting<Result>(wait: Promise<Result>): Promise<Result> {
    if (this.#waits === 0) this.#waitsSinceMs = performance.now();
    this.#waits += 1;
    try {
      return await wait;
    } finally {
      this.#waits -= 1;
      if (this.#waits === 0) this.#waitedMs += performance.now() - this.#waitsSinceMs;
    }
  }
}

const scopes = new AsyncLocalStorage<RequestScope>();

export function inScope<Result>(scope: RequestScope, work: () => Promise<Result>): Promise<Result> {
  return scopes.run(scope, work);
}

/** Notes an error with which the present request, or a part of it, is answered. */
export function noteError(error: ErrorCode): void {
  scopes.getStore()?.note(error);
}

/** The port for services: what they measure goes to `recorder`, and their waits to the request that waits. */
export function metricsOf(recorder: MetricRecorder): Metrics {
  return {
    count: (name, by, labels) => recorder.count(name, by, labels),
    gauge: (name, value, labels) => recorder.gauge(name, value, labels),
    forget: (name) => recorder.forget(name),
    observe: (name, value, labels) => recorder.observe(name, value, labels),
    waiting: (wait) => scopes.getStore()?.waiting(wait) ?? wait,
  };
}
