import { commitBytesMax, commitQueueBytesMax, commitQueueWritesMax, commitWritesMax } from "../../limits.ts";
import type { CommitPace } from "./commit-pace.ts";
import { StorageThrottledError, StorageUnavailableError } from "../errors.ts";

/** Where commits go to, one at a time. */
export interface CommitTarget {
  /** Runs what decides and writes. */
  decide(decisions: () => void): void;
  /** Makes what was decided durable before it returns; false if `commit` has to. */
  commitHere(): boolean;
  /** Makes what was decided durable. */
  commit(): Promise<void>;
}

interface Waiting {
  readonly bytes: number;
  /** Decides and writes; what it returns answers the caller once all is durable. */
  readonly attempt: () => () => void;
  readonly reject: (cause: Error) => void;
}

/**
 * Group commit: whatever is asked for while a commit is under way shares the next one.
 *
 *     run ─► queue ─► [ decide, put ] ─► forced to the disk ─► answers
 *
 * A commit that is likely to be quick is made on this thread (`CommitPace`), any other on another one. Readers see a commit
 * only once it is durable, so nothing is read that could still be lost.
 */
export class CommitQueue {
  readonly #target: CommitTarget;
  readonly #pace: CommitPace | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #closed = false;

  /** @param pace decides which commits hold up the event loop; none without it */
  constructor(target: CommitTarget, pace?: CommitPace) {
    this.#target = target;
    this.#pace = pace;
  }

  /**
   * Runs `decide` alone; it reads and writes the tables synchronously, and must not throw once it has written. Resolves when
   * what it wrote is durable.
   *
   * @param bytes about how much it writes
   * @throws StorageThrottledError if too much waits
   * @throws StorageTimeoutError if the commit failed in a way that leaves its outcome open
   * @throws StorageUnavailableError if the disk is full or the store closed
   */
  run<T>(bytes: number, decide: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) return reject(new StorageUnavailableError("the store is closed"));
      const full = this.#waiting.length >= commitQueueWritesMax || this.#waitingBytes + bytes > commitQueueBytesMax;
      if (full) return reject(new StorageThrottledError(`${this.#waiting.length} writes wait for the disk`));
      const attempt = (): (() => void) => {
        try {
          const value = decide();
          return () => resolve(value);
        } catch (cause) {
          const failure = cause as Error;
          return () => reject(failure);
        }
      };
      this.#waiting.push({ bytes, attempt, reject });
      this.#waitingBytes += bytes;
      this.#committing ??= this.#commitAll();
    });
  }

  /** Takes no more, and ends when all that was taken is answered. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#committing;
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commitSome();
    this.#committing = undefined;
  }

  async #commitSome(): Promise<void> {
    // Whoever is ready by the end of the turn joins.
    await new Promise((resolve) => setImmediate(resolve));
    const isQuick = this.#pace?.mayBlock(this.#waitingBytes) === true;
    const group = this.#take();
    let answers: readonly (() => void)[] = [];
    try {
      this.#target.decide(() => {
        answers = group.map((waiting) => waiting.attempt());
      });
      if (!(isQuick && this.#commitHere())) await this.#target.commit();
    } catch (cause) {
      for (const waiting of group) waiting.reject(cause as Error);
      return;
    }
    for (const answer of answers) answer();
  }

  #commitHere(): boolean {
    let isDone = false;
    this.#pace?.time(() => {
      isDone = this.#target.commitHere();
    });
    return isDone;
  }

  #take(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && (count >= commitWritesMax || bytes + waiting.bytes > commitBytesMax)) break;
      count += 1;
      bytes += waiting.bytes;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }
}
