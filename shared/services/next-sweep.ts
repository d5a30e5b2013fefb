/** Finds out while a sweep goes on when the next one is needed, and asks for it. */
import { localSweepLeadMs, sweepEveryMs } from "../limits/sweeps.ts";
import { askForSweep } from "../storage/arm-sweeps.ts";
import type { Later } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";

export class NextSweep {
  readonly #storage: Pick<Storage, "clock" | "wakeUps">;
  #dueAtMs = Infinity;
  #atMs = Infinity;

  constructor(storage: Pick<Storage, "clock" | "wakeUps">) {
    this.#storage = storage;
  }

  /** From when on something may be due; Infinity if nothing will be. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** When it is needed; Infinity if never. */
  get atMs(): number {
    return this.#atMs;
  }

  /** Something may be due then that nobody else looks at. */
  readonly later: Later = (atMs) => {
    this.#dueAtMs = Math.min(this.#dueAtMs, atMs);
    this.#atMs = Math.min(this.#atMs, atMs);
  };

  /** Something is due then that has a wake-up of its own: this one is for the case that it was lost. */
  readonly unlessWoken: Later = (atMs) => {
    this.#dueAtMs = Math.min(this.#dueAtMs, atMs);
    this.#atMs = Math.min(this.#atMs, atMs + (this.#storage.wakeUps.sweepEveryMs ?? sweepEveryMs));
  };

  /** As `unlessWoken`, for what was asked for now. */
  again(): void {
    this.unlessWoken(this.#storage.clock.wallMs());
  }

  /**
   * Asks for the next one, if there is anything left to come.
   *
   * @throws StorageUnavailableError
   */
  async ask(): Promise<void> {
    const { clock, wakeUps } = this.#storage;
    if (wakeUps.sweepEveryMs === undefined || this.#atMs === Infinity) return;
    await askForSweep(this.#storage, Math.max(localSweepLeadMs, this.#atMs - clock.wallMs()));
  }
}
