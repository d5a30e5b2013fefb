import { simulatedEventsMax } from "../../limits.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** Something that happens at a virtual time. */
export interface ScheduledEvent {
  readonly atMs: number;
  /** Order of events at the same time. */
  readonly tie: number;
  readonly fire: () => void;
  /** Set to drop the event. */
  cancelled: boolean;
}

/** Events between two turns of the real event loop, so that a test's own time limit can still strike. */
const eventsPerTurn = 4_096;
const realTurn = setImmediate;

/**
 * Virtual time: nothing passes while any task can run, then the clock jumps to the next event. Events at one time fire
 * in an order that the seed decides, so one seed is one history.
 *
 * A task can run until all that it awaits waits for an event of this clock. What awaits anything else (a file, a real
 * timer, an asynchronous codec) is not waited for.
 */
export class SimulatedTime {
  readonly #random: SeededRandom;
  readonly #autoAdvanceMsMax: number | undefined;
  readonly #onEvent: ((atMs: number) => void) | undefined;
  readonly #heap: ScheduledEvent[] = [];
  #nowMs = 0;
  #driven = false;
  #events = 0;

  /**
   * @param autoAdvanceMsMax if given, events that are no farther than this fire by themselves once the real event loop
   *   has come round, without `run` or `advance`
   * @param onEvent told of each event that fires
   */
  constructor(random: SeededRandom, autoAdvanceMsMax?: number, onEvent?: (atMs: number) => void) {
    this.#onEvent = onEvent;
    this.#random = random;
    this.#autoAdvanceMsMax = autoAdvanceMsMax;
  }

  /** Virtual time since the start. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have fired. */
  get events(): number {
    return this.#events;
  }

  /** Lets `fire` be called after `delayMs`. */
  schedule(delayMs: number, fire: () => void): ScheduledEvent {
    const event: ScheduledEvent = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      tie: this.#random.uint32(),
      fire,
      cancelled: false,
    };
    push(this.#heap, event);
    if (this.#autoAdvanceMsMax !== undefined && !this.#driven) void this.#advanceByItself(this.#autoAdvanceMsMax);
    return event;
  }

  /**
   * Runs `main` to its end, and with it whatever else has something scheduled.
   *
   * @throws Error if nothing is scheduled while `main` still waits, or it takes more than `eventsMax` events; the seed is
   *   the caller's to print
   */
  async run<T>(main: () => Promise<T>, eventsMax = simulatedEventsMax): Promise<T> {
    let outcome: { readonly value: T } | { readonly cause: unknown } | undefined;
    const drive = async (): Promise<void> => {
      main().then(
        (value) => (outcome = { value }),
        (cause: unknown) => (outcome = { cause }),
      );
      for (let count = 0; count < eventsMax; count += 1) {
        await this.#settle();
        if (outcome !== undefined) return;
        if (!this.#fireNext(Number.POSITIVE_INFINITY)) {
          throw new Error(`deadlock at ${this.#nowMs} ms: the task still waits and nothing is scheduled`);
        }
      }
      throw new Error(`the task did not end within ${eventsMax} events, at ${this.#nowMs} ms`);
    };
    await this.#drive(drive);
    if (outcome === undefined) throw new Error("the run ended without an outcome");
    if ("cause" in outcome) throw outcome.cause;
    return outcome.value;
  }

  /** Lets `ms` pass, with all that happens in it. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.#drive(async () => {
      for (let count = 0; count < simulatedEventsMax; count += 1) {
        await this.#settle();
        if (!this.#fireNext(untilMs)) {
          this.#nowMs = Math.max(this.#nowMs, untilMs);
          return;
        }
      }
      throw new Error(`${ms} ms did not pass within ${simulatedEventsMax} events`);
    });
  }

  /** Drops all events. */
  clear(): void {
    this.#heap.length = 0;
  }

  async #drive(loop: () => Promise<void>): Promise<void> {
    const driven = this.#driven;
    this.#driven = true;
    try {
      await loop();
    } finally {
      this.#driven = driven;
    }
  }

  async #advanceByItself(distanceMsMax: number): Promise<void> {
    await this.#drive(async () => {
      for (;;) {
        // A real turn each time: what a test waits for besides this clock gets its chance too.
        await new Promise<void>((resolve) => realTurn(resolve));
        if (!this.#fireNext(this.#nowMs + distanceMsMax)) return;
      }
    });
  }

  /** Ends when no task can run: Node serves `nextTick` only when its queue of microtasks is empty. */
  async #settle(): Promise<void> {
    if (this.#events % eventsPerTurn === eventsPerTurn - 1) await new Promise<void>((resolve) => realTurn(resolve));
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }

  #fireNext(untilMs: number): boolean {
    for (;;) {
      const event = this.#heap[0];
      if (event === undefined || (event.atMs > untilMs && !event.cancelled)) return false;
      pop(this.#heap);
      if (event.cancelled) continue;
      this.#nowMs = Math.max(this.#nowMs, event.atMs);
      this.#events += 1;
      this.#onEvent?.(this.#nowMs);
      event.fire();
      return true;
    }
  }
}

function before(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}

function push(heap: ScheduledEvent[], event: ScheduledEvent): void {
  let index = heap.length;
  heap.push(event);
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !before(event, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = event;
}

function pop(heap: ScheduledEvent[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const leftIndex = 2 * index + 1;
    const left = heap[leftIndex];
    if (left === undefined) break;
    const right = heap[leftIndex + 1];
    const [child, childIndex] = right !== undefined && before(right, left) ? [right, leftIndex + 1] : [left, leftIndex];
    if (!before(child, last)) break;
    heap[index] = child;
    index = childIndex;
  }
  heap[index] = last;
}
