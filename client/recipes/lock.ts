/** Locks (Curator's InterProcessMutex and InterProcessReadWriteLock, etcd's Mutex), each grant with a fencing token. */
import { AcquireLockCommand } from "../commands/acquire-lock-command.ts";
import { ReleaseLockCommand } from "../commands/release-lock-command.ts";
import { sendPatiently } from "../coordination/send-patiently.ts";
import type { Session } from "../coordination/session.ts";
import { giveUp, Grant, type GrantedZnode } from "./grant.ts";
import { askInLine, type Line, standInLine } from "./stand-in-line.ts";

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
    const line = this.#line(waitMs);
    return this.#held(await standInLine(this.#session, signal, line), line);
  }

  /** The lock if it is free now. @throws SessionExpiredError | StreamkeeperException, or the signal's reason */
  async tryAcquire({ signal }: AcquireOptions = {}): Promise<HeldLock | undefined> {
    const line = this.#line(0);
    const granted = await askInLine(this.#session, signal, line);
    return granted === undefined ? undefined : this.#held(granted, line);
  }

  #held(granted: GrantedZnode, line: Line): HeldLock {
    return new HeldLock(this.#session, this.name, granted, () => line.leave());
  }

  #line(askedMs: number): Line {
    const session = this.#session;
    const { mode } = this;
    const input = { ...session.caller, lock: this.name, contenderId: crypto.randomUUID() };
    const command = new AcquireLockCommand({ ...input, mode, waitMs: askedMs, keepPlace: askedMs > 0 });
    return {
      ask: async () => {
        const { acquired, path, fencingToken } = await sendPatiently(session, command, session.signal);
        const isGranted = acquired && path !== undefined && fencingToken !== undefined;
        return isGranted ? { path, fencingToken } : undefined;
      },
      leave: () => giveUp(session, new ReleaseLockCommand(input)),
    };
  }
}

/** A lock while it is held: until it is released, or `signal` aborts because the session has ended or may have. */
export class HeldLock extends Grant {
  readonly name: string;

  constructor(session: Session, name: string, granted: GrantedZnode, leave: () => Promise<void>) {
    super(session, granted, leave);
    this.name = name;
  }

  /** Resolves when the next in line may have it. Once is enough; a lock that went with its session is no error. */
  async release(): Promise<void> {
    await this.end("it was released");
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
