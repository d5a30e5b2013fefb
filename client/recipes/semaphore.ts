/** A semaphore (Curator's InterProcessSemaphoreV2): so many permits, each an ephemeral znode. */
import { DeleteZnodeCommand } from "../commands/delete-znode-command.ts";
import { MultiCommand } from "../commands/multi-command.ts";
import type { MultiOperation } from "../commands/multi-command.ts";
import { patiently, sendPatiently } from "../coordination/send-patiently.ts";
import type { Session } from "../coordination/session.ts";
import { ZnodeClient } from "../coordination/znode-client.ts";
import { giveUp, Grant } from "./grant.ts";
import { type AcquireOptions, type HeldLock, Lock } from "./lock.ts";
import { askInLine } from "./stand-in-line.ts";
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
    const session = this.#session;
    const path = `${parent}/${this.name}`;
    await askInLine(session, options.signal, {
      ask: () => patiently(() => this.#znodes.ensure(path), session.signal),
      leave: () => Promise.resolve(),
    });
    // Only who is first in line looks for a permit; whoever gives one back wakes nobody else.
    await using line = await new Lock(session, `semaphore-${this.name}`).acquire(options);
    const signal = options.signal === undefined ? line.signal : AbortSignal.any([options.signal, line.signal]);
    await waitUntil(this.#znodes, path, { signal }, async () => {
      const taken = await this.#znodes.getChildren(path, { limit: this.permits });
      return taken.length < this.permits ? true : undefined;
    });
    return await this.#take(line, signal, `${path}/permit-${crypto.randomUUID()}`);
  }

  async #take(line: HeldLock, signal: AbortSignal, path: string): Promise<Permit> {
    const session = this.#session;
    const { caller } = session;
    // Whoever is no longer first in line has not counted right.
    const operations: readonly MultiOperation[] = [line.fence, { type: "create", path, mode: "ephemeral" }];
    const take = new MultiCommand({ ...caller, operations, idempotencyKey: crypto.randomUUID() });
    const giveBack = (): Promise<void> => giveUp(session, new DeleteZnodeCommand({ ...caller, path }));
    const granted = await askInLine(session, signal, {
      ask: async () => ({ path, fencingToken: (await sendPatiently(session, take, session.signal)).zxid }),
      leave: giveBack,
    });
    return new Permit(session, granted, giveBack);
  }
}

/** A permit while it is held; it goes with the session. */
export class Permit extends Grant {
  /** Resolves when the next in line may have it. Once is enough. */
  async release(): Promise<void> {
    await this.end("the permit was released");
  }
}
