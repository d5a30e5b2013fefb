/**
 * Nothing that was appended may be left without somebody looking at it later. Wake-ups get lost, so before the first entry that a
 * process puts in each hour it makes sure that a sweep comes after that hour; what does not come to pass by then, the sweep finds.
 * Nobody sweeps where nobody writes. In an hour that it has written in it asks for the next one ahead, without waiting.
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
  /**
   * So long before that time is over the next sweep is asked for, at a random moment, while what is appended does not wait; 0 if
   * not before. Only where a sweep that was asked for earlier does not stand for a later one.
   */
  readonly renewMs?: number;
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
  #renewAtMs = Infinity;
  #asking: Promise<void> | undefined;
  #isRenewing = false;

  constructor(storage: Storage, options: ArmOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  /** Whether a sweep comes after this time, and after what was put up to `lateMs` ago. */
  isArmed(lateMs = 0): boolean {
    const leftMs = this.#armedUntilMs - this.#storage.clock.wallMs();
    // With more left than there can be, the clock was put back.
    return leftMs > -lateMs && leftMs <= this.#options.everyMs + this.#renewMs;
  }

  /** Whether what is sent now gets there before the sweep: not what a process sends that was frozen since it was armed. */
  maySend(): boolean {
    return this.isArmed(this.#options.leadMs / 2);
  }

  /** @throws StorageUnavailableError */
  async arm(): Promise<void> {
    if (this.isArmed()) return this.renewIfDue();
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  get #renewMs(): number {
    return this.#options.renewMs ?? 0;
  }

  /** Fails quietly: who comes when the time is over waits, and is told. */
  renewIfDue(): void {
    if (this.#isRenewing || this.#storage.clock.wallMs() < this.#renewAtMs) return;
    this.#isRenewing = true;
    void this.#renew()
      .catch(() => this.#drawRenewal(this.#storage.clock.wallMs()))
      .finally(() => {
        this.#isRenewing = false;
      });
  }

  async #renew(): Promise<void> {
    const { untilMs, delayMs } = this.#plan();
    const before = this.#armedUntilMs;
    await this.#storage.wakeUps.wake({ kind: "sweep" }, delayMs);
    // Not what an append has waited for since: this one may have been frozen for hours.
    if (this.#armedUntilMs === before) this.#setArmed(untilMs);
  }

  async #ask(): Promise<void> {
    const { untilMs, delayMs } = this.#plan();
    await askForSweep(this.#storage, delayMs);
    this.#setArmed(untilMs);
  }

  #plan(): { readonly untilMs: number; readonly delayMs: number } {
    const { everyMs, leadMs } = this.#options;
    const nowMs = this.#storage.clock.wallMs();
    // Who asks so late asks for the time after that one as well.
    const untilMs = (Math.floor((nowMs + this.#renewMs) / everyMs) + 1) * everyMs;
    return { untilMs, delayMs: untilMs + leadMs - nowMs };
  }

  #setArmed(untilMs: number): void {
    this.#armedUntilMs = untilMs;
    this.#drawRenewal(untilMs - this.#renewMs);
  }

  /** A moment of its own for each process: they must not ask all at once. */
  #drawRenewal(fromMs: number): void {
    const share = this.#storage.random.uint32() / 2 ** 32;
    this.#renewAtMs = this.#renewMs === 0 ? Infinity : fromMs + share * (this.#armedUntilMs - fromMs);
  }
}

function armedLogs(logs: LogStore, arming: Arming): LogStore {
  const put = (...[entry, maySend]: Parameters<LogStore["putIfAbsent"]>): Promise<PutIfAbsentResult> =>
    logs.putIfAbsent(entry, () => arming.maySend() && (maySend?.() ?? true));
  return {
    putIfAbsent: async (entry, maySend) => {
      if (!arming.isArmed()) await arming.arm();
      else arming.renewIfDue();
      return await put(entry, maySend);
    },
    readFrom: (logId, position, limits) => logs.readFrom(logId, position, limits),
    readLast: (logId) => logs.readLast(logId),
    readAt: (logId, position) => logs.readAt(logId, position),
    trim: (logId, position, entriesMax) => logs.trim(logId, position, entriesMax),
  };
}
