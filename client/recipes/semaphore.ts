/** A semaphore (Curator's InterProcessSemaphoreV2): so many permits, each an ephemeral znode. */
import type { Session } from "../coordination/session.ts";
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";
import { Lock } from "./lock.ts";
import { waitUntil } from "./wait-until.ts";

const parent = "/semaphores";

export class Semaphore {
  readonly name: string;
  readonly permits: number;
  readonly #session: Session;
  readonly #znodes: ZnodeClient;

  /** @param permits the same for all who use it */
  constructor(session: Session, znodes: ZnodeClient, name: string, permits: number) {
    if (!Number.isSafeInteger(permits) || permits < 1) throw new TypeError("permits must be a whole number from 1 on");
    this.name = name;
    this.permits = permits;
    this.#session = session;
    this.#znodes = znodes;
  }

  /**
   * Waits for a permit; first come, first served.
   *
   * @throws SessionExpiredError | StreamkeeperException, or the signal's reason
   */
  async acquire({ signal }: { readonly signal?: AbortSignal } = {}): Promise<Permit> {
    const path = `${parent}/${this.name}`;
    await this.#znodes.ensure(path);
    // Only who is first in line looks for a permit; whoever gives one back wakes nobody else.
    await using line = await new Lock(this.#session, `semaphore-${this.name}`).acquire(
      signal === undefined ? {} : { signal },
    );
    const ends = signal === undefined ? line.signal : AbortSignal.any([signal, line.signal]);
    await waitUntil(this.#znodes, path, { signal: ends }, async () => {
      const taken = await this.#znodes.getChildren(path);
      return taken.length < this.permits ? true : undefined;
    });
    const created = await this.#znodes.create(`${path}/permit-`, { mode: "ephemeral_sequential" });
    this.#session.requireOpen();
    return new Permit(this.#znodes, created.path, created.stat.czxid, this.#session.signal);
  }
}

/** A permit while it is held; it goes with the session. */
export class Permit implements AsyncDisposable {
  readonly path: string;
  /** Grows from permit to permit. */
  readonly fencingToken: number;
  /** Aborts when the session has ended or may have. */
  readonly signal: AbortSignal;
  readonly #znodes: ZnodeClient;

  constructor(znodes: ZnodeClient, path: string, fencingToken: number, signal: AbortSignal) {
    this.#znodes = znodes;
    this.path = path;
    this.fencingToken = fencingToken;
    this.signal = signal;
  }

  async release(): Promise<void> {
    try {
      await this.#znodes.delete(this.path);
    } catch (error) {
      if (!isServiceException(error, "NO_NODE") && !isServiceException(error, "SESSION_EXPIRED")) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}
