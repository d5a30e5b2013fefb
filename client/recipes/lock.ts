/** Locks (Curator's InterProcessMutex and InterProcessReadWriteLock, etcd's Mutex), each grant with a fencing token. */
import { AcquireLockCommand } from "../commands/acquire-lock-command.ts";
import type { MultiOperation } from "../commands/multi-command.ts";
import { ReleaseLockCommand } from "../commands/release-lock-command.ts";
import type { Session } from "../coordination/session.ts";
import { isServiceException } from "../exceptions.ts";
import { reasonFor } from "./reason-for.ts";

/** One long poll. */
const waitMs = 20_000;

export interface AcquireOptions {
  /** Gives up the wait, and the place in line. */
  readonly signal?: AbortSignal;
}

/** One lock of one session; two of the same name exclude each other, as those of two sessions do. Not reentrant. */
export class Lock {
  readonly name: string;
  readonly mode: "write" | "read";
  readonly #session: Session;

  constructor(session: Session, name: string, options: { readonly mode?: "write" | "read" } = {}) {
    this.#session = session;
    this.name = name;
    this.mode = options.mode ?? "write";
  }

  /**
   * Waits in line until the lock is granted.
   *
   * @throws SessionExpiredError | StreamkeeperException, or the signal's reason
   */
  async acquire({ signal }: AcquireOptions = {}): Promise<HeldLock> {
    const contenderId = crypto.randomUUID();
    try {
      for (;;) {
        signal?.throwIfAborted();
        const held = await this.#ask(contenderId, waitMs, signal);
        if (held !== undefined) return held;
      }
    } catch (error) {
      await leaveQuietly(this.#session, this.name, contenderId);
      throw reasonFor(error, signal, this.#session.signal);
    }
  }

  /** The lock if it is free now. @throws SessionExpiredError | StreamkeeperException */
  async tryAcquire(): Promise<HeldLock | undefined> {
    return await this.#ask(crypto.randomUUID(), 0, undefined);
  }

  async #ask(contenderId: string, askedMs: number, signal: AbortSignal | undefined): Promise<HeldLock | undefined> {
    const session = this.#session;
    session.requireOpen();
    const { name: lock, mode } = this;
    const input = { ...session.caller, lock, mode, contenderId, waitMs: askedMs, keepPlace: askedMs > 0 };
    const abortSignal = signal === undefined ? session.signal : AbortSignal.any([signal, session.signal]);
    const { acquired, path, fencingToken } = await session.send(new AcquireLockCommand(input), { abortSignal });
    if (!acquired || path === undefined || fencingToken === undefined) return undefined;
    // The answer may have come late: by now the session may be over, and the lock another's.
    session.requireOpen();
    return new HeldLock(session, lock, contenderId, { path, fencingToken });
  }
}

/** A lock while it is held: until it is released, or `signal` aborts because the session has ended or may have. */
export class HeldLock implements AsyncDisposable {
  readonly name: string;
  /** Greater than that of any grant before. Produce and multi refuse what comes with an older one. */
  readonly fencingToken: number;
  /** Of the znode that stands for the grant. */
  readonly path: string;
  readonly #session: Session;
  readonly #contenderId: string;
  readonly #released = new AbortController();

  constructor(
    session: Session,
    name: string,
    contenderId: string,
    grant: { readonly path: string; readonly fencingToken: number },
  ) {
    this.name = name;
    this.fencingToken = grant.fencingToken;
    this.path = grant.path;
    this.#session = session;
    this.#contenderId = contenderId;
  }

  /** Aborts when the lock is released, or can no longer be counted on. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#released.signal, this.#session.signal]);
  }

  /** For a `multi`: all of it is refused with FENCED unless the lock is still held. */
  get fence(): MultiOperation {
    return { type: "fence", path: this.path, fencingToken: this.fencingToken };
  }

  /** Once is enough; a lock that went with its session is no error. */
  async release(): Promise<void> {
    if (this.#released.signal.aborted) return;
    this.#released.abort(new Error(`the lock ${this.name} was released`));
    await leave(this.#session, this.name, this.#contenderId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Readers go together, a writer alone; first come, first served. */
export class ReadWriteLock {
  readonly read: Lock;
  readonly write: Lock;

  constructor(session: Session, name: string) {
    this.read = new Lock(session, name, { mode: "read" });
    this.write = new Lock(session, name, { mode: "write" });
  }
}

async function leave(session: Session, lock: string, contenderId: string): Promise<void> {
  try {
    await session.send(new ReleaseLockCommand({ ...session.caller, lock, contenderId }));
  } catch (error) {
    if (!isServiceException(error, "NO_NODE") && !isServiceException(error, "SESSION_EXPIRED")) throw error;
  }
}

/** After a failure that is to be told: a place that could not be given up goes with the session. */
async function leaveQuietly(session: Session, lock: string, contenderId: string): Promise<void> {
  try {
    await leave(session, lock, contenderId);
  } catch {
    return;
  }
}
