import type { RootDatabase } from "lmdb";
import { commitBytesMax, commitQueueBytesMax, commitQueueWritesMax, commitWritesMax } from "../../limits.ts";
import type { CommitPace } from "./commit-pace.ts";
import { StorageThrottledError, StorageUnavailableError } from "../errors.ts";
import { commitFailure } from "./disk-errors.ts";

interface Waiting {
  readonly bytes: number;
  /** Decides and writes inside the transaction; what it returns answers the caller once all is durable. */
  readonly attempt: () => () => void;
  readonly reject: (cause: Error) => void;
}

/**
 * Group commit: whatever is asked for while a commit is under way shares the next one.
 *
 *     run ─► queue ─► [ one write transaction: decide, put ] ─► fdatasync ─► meta page ─► answers
 *
 * A commit that is likely to be quick is made on this thread (`CommitPace`), any other on one of lmdb's.
 * A transaction is seen by readers only after its meta page, so nothing is read that could still be lost.
 */
export class CommitQueue {
  readonly #root: RootDatabase<Buffer, Uint8Array>;
  readonly #folder: string;
  readonly #pace: CommitPace | undefined;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #committing: Promise<void> | undefined;
  #closed = false;

  /** @param pace decides which commits hold up the event loop; none without it */
  constructor(root: RootDatabase<Buffer, Uint8Array>, folder: string, pace?: CommitPace) {
    this.#root = root;
    this.#folder = folder;
    this.#pace = pace;
  }

  /**
   * Runs `decide` inside a write transaction, alone; it reads and writes the databases synchronously, and must not throw
   * once it has written. Resolves when the transaction is durable.
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
    let group: readonly Waiting[] = [];
    let answers: readonly (() => void)[] = [];
    const decide = (): void => {
      group = this.#take();
      answers = group.map((waiting) => waiting.attempt());
    };
    try {
      if (!(await this.#commitHere(decide))) await this.#root.transaction(decide);
    } catch (cause) {
      // A transaction that did not even begin takes no one out of the queue: it must not be tried for ever.
      if (group.length === 0) group = this.#take();
      const bytes = group.reduce((sum, waiting) => sum + waiting.bytes, 0);
      const failure = await commitFailure(this.#folder, bytes, cause);
      for (const waiting of group) waiting.reject(failure);
      return;
    }
    for (const answer of answers) answer();
  }

  /** On this thread, if that is to be quick. */
  async #commitHere(decide: () => void): Promise<boolean> {
    const pace = this.#pace;
    if (pace?.mayBlock(this.#waitingBytes) !== true) return false;
    // Whoever is ready by now joins: while the commit is under way, nobody can.
    await new Promise((resolve) => setImmediate(resolve));
    if (!pace.mayBlock(this.#waitingBytes)) return false;
    pace.time(() => this.#root.transactionSync(decide));
    return true;
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
