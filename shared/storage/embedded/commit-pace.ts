import { quickCommitBytesMax, quickCommitMsMax, slowCommitParts } from "../../limits/embedded-store.ts";

/**
 * Decides which commits are made on the event loop's own thread. That saves two changes of threads, which take longer than
 * a quick disk does; but nothing else goes on meanwhile, so after one that was slow there is none for a multiple of the time
 * that it took.
 */
export class CommitPace {
  readonly #nowMs: () => number;
  #notBeforeMs = -Infinity;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Whether a commit of so many bytes may hold up the event loop. */
  mayBlock(bytes: number): boolean {
    return bytes <= quickCommitBytesMax && this.#nowMs() >= this.#notBeforeMs;
  }

  /** Makes a commit, and takes its time. */
  time(commit: () => void): void {
    const begunMs = this.#nowMs();
    try {
      commit();
    } finally {
      const endedMs = this.#nowMs();
      const tookMs = endedMs - begunMs;
      if (tookMs > quickCommitMsMax) this.#notBeforeMs = endedMs + tookMs * slowCommitParts;
    }
  }
}
