/** A semaphore (Curator's InterProcessSemaphoreV2): so many permits, each an ephemeral znode. */
import { DeleteZnodeCommand } from "../commands/delete-znode-command.ts";
import type { Session } from "../coordination/session.ts";
import { ZnodeClient } from "../coordination/znode-client.ts";
import { giveUp, Grant } from "./grant.ts";
import { type AcquireOptions, type HeldLock, Lock } from "./lock.ts";
import { waitUntil } from "./wait-until.ts";

const parent = "/semaphores";

export class Semaphore {
  readonly name: string;
  readonly permits: number;
  readonly #session: Session;
  readonly #znodes: ZnodeClient;

  /** @param permits the same for all who use it */
  constructor(session: Session, name: string, permits: number) {
    if (!Number.isSafeInteger(permits) || permits < 1) throw new TypeError("permits must be a whole number from 1 on");
    this.name = name;
    this.permits = permits;
    this.#session = session;
    this.#znodes = new ZnodeClient(session, { session });
  }

  /**
   * Waits for a permit; first come, first served.
   *
   * @throws SessionExpiredError | StreamkeeperException, or the signal's reason
   */
  async acquire(options: AcquireOptions = {}): Promise<Permit> {
    const path = `${parent}/${this.name}`;
    await this.#znodes.ensure(path);
    // Only who is first in line looks for a permit; whoever gives one back wakes nobody else.
    await using line = await new Lock(this.#session, `semaphore-${this.name}`).acquire(options);
    const signal = options.signal === undefined ? line.signal : AbortSignal.any([options.signal, line.signal]);
    await waitUntil(this.#znodes, path, { signal }, async () => {
      const taken = await this.#znodes.getChildren(path, { limit: this.permits });
      return taken.length < this.permits ? true : undefined;
    });
    return await this.#take(line, `${path}/permit-${crypto.randomUUID()}`);
  }

  async #take(line: HeldLock, path: string): Promise<Permit> {
    const session = this.#session;
    const giveBack = (): Promise<void> => giveUp(session, new DeleteZnodeCommand({ ...session.caller, path }));
    try {
      // Whoever is no longer first in line has not counted right.
      const { zxid } = await this.#znodes.multi([line.fence, { type: "create", path, mode: "ephemeral" }]);
      session.requireOpen();
      return new Permit(session, { path, fencingToken: zxid }, giveBack);
    } catch (error) {
      // It may have been created nevertheless.
      void Promise.allSettled([giveBack()]);
      throw error;
    }
  }
}

/** A permit while it is held; it goes with the session. */
export class Permit extends Grant {
  /** Resolves when the next in line may have it. Once is enough. */
  async release(): Promise<void> {
    await this.end("the permit was released");
  }
}
