/**
 * Nothing that was appended may be left without somebody looking at it later. Wake-ups get lost, so before the first entry that a
 * process puts in each hour it makes sure that a sweep comes after that hour; what does not come to pass by then, the sweep finds.
 * Nobody sweeps where nobody writes.
 *
 * An entry is refused when no sweep can be asked for: sealed by nobody, it would be gone with its time to live.
 */
import { sqsDelaySecondsMax } from "../limits.ts";
import { StorageUnavailableError } from "./errors.ts";
import type { LogStore, PutIfAbsentResult } from "./log-store.ts";
import type { Storage } from "./storage.ts";

export interface ArmOptions {
  /** Once in so long a sweep is asked for. */
  readonly everyMs: number;
  /** So long after that time the sweep comes: what was put last in it is there by then, whatever clocks differ by. */
  readonly leadMs: number;
}

/** Storage that asks for a sweep before it puts entries; `wakeUps` of the given one deliver it. */
export function armingStorage(storage: Storage, options: ArmOptions): Storage {
  const arming = new Arming(storage, options);
  const { wakeUps } = storage;
  return {
    ...storage,
    logs: armedLogs(storage.logs, arming),
    wakeUps: {
      ...(wakeUps.endWithProcess === undefined ? {} : { endWithProcess: wakeUps.endWithProcess }),
      sweepEveryMs: options.everyMs,
      wake: (duty, delayMs) => wakeUps.wake(duty, delayMs),
      arm: () => arming.arm(),
    },
  };
}

/** Asks for a sweep; where that fails, asks somebody to ask for it. */
export async function askForSweep({ wakeUps }: Pick<Storage, "wakeUps">, delayMs: number): Promise<void> {
  try {
    await wakeUps.wake({ kind: "sweep" }, delayMs);
  } catch (cause) {
    try {
      await wakeUps.wake({ kind: "arm" }, sqsDelaySecondsMax * 1_000);
    } catch {
      throw new StorageUnavailableError("no sweep can be asked for", { cause });
    }
  }
}

class Arming {
  readonly #storage: Storage;
  readonly #options: ArmOptions;
  #armedUntilMs = -Infinity;
  #asking: Promise<void> | undefined;

  constructor(storage: Storage, options: ArmOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  /** Whether a sweep comes after this time, and after what was put up to `lateMs` ago. */
  isArmed(lateMs = 0): boolean {
    const leftMs = this.#armedUntilMs - this.#storage.clock.wallMs();
    // With more left than there can be, the clock was put back.
    return leftMs > -lateMs && leftMs <= this.#options.everyMs;
  }

  /** Whether what is sent now gets there before the sweep: not what a process sends that was frozen since it was armed. */
  maySend(): boolean {
    return this.isArmed(this.#options.leadMs / 2);
  }

  /** @throws StorageUnavailableError */
  async arm(): Promise<void> {
    if (this.isArmed()) return;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #ask(): Promise<void> {
    const { everyMs, leadMs } = this.#options;
    const nowMs = this.#storage.clock.wallMs();
    const untilMs = (Math.floor(nowMs / everyMs) + 1) * everyMs;
    await askForSweep(this.#storage, untilMs + leadMs - nowMs);
    this.#armedUntilMs = untilMs;
  }
}

function armedLogs(logs: LogStore, arming: Arming): LogStore {
  const put = (...[entry, maySend]: Parameters<LogStore["putIfAbsent"]>): Promise<PutIfAbsentResult> =>
    logs.putIfAbsent(entry, () => arming.maySend() && (maySend?.() ?? true));
  return {
    putIfAbsent: async (entry, maySend) => {
      if (!arming.isArmed()) await arming.arm();
      return await put(entry, maySend);
    },
    readFrom: (logId, position, limits) => logs.readFrom(logId, position, limits),
    readLast: (logId) => logs.readLast(logId),
    readAt: (logId, position) => logs.readAt(logId, position),
    trim: (logId, position, entriesMax) => logs.trim(logId, position, entriesMax),
  };
}
