/** Finds out while a sweep goes on when the next one is needed, and asks for it. */
import { localSweepLeadMs, sweepEveryMs } from "../limits/sweeps.ts";
import { askForSweep } from "../storage/arm-sweeps.ts";
import type { Later } from "../storage/later.ts";
import type { Storage } from "../storage/storage.ts";

export class NextSweep {
  readonly #storage: Pick<Storage, "clock" | "wakeUps">;
  #dueAtMs = Infinity;
  #atMs = Infinity;
  #isCut = false;

  /** @param before if it was cut, what it was told holds still: this one goes on after that, and does not see it again */
  constructor(storage: Pick<Storage, "clock" | "wakeUps">, before?: NextSweep) {
    this.#storage = storage;
    if (before === undefined || !before.#isCut) return;
    this.#dueAtMs = before.#dueAtMs;
    this.#atMs = before.#atMs;
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

  /** This one stopped at its bounds: the next goes on at once. */
  readonly cut = (): void => {
    this.#isCut = true;
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
    const atMs = this.#isCut ? clock.wallMs() : this.#atMs;
    if (wakeUps.sweepEveryMs === undefined || atMs === Infinity) return;
    await askForSweep(this.#storage, Math.max(localSweepLeadMs, atMs - clock.wallMs()));
  }
}
