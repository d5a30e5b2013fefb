/** Barriers (Curator's DistributedBarrier and DistributedDoubleBarrier). */
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";
import { waitUntil } from "./wait-until.ts";

const parent = "/barriers";

export interface BarrierOptions {
  readonly signal?: AbortSignal;
}

/** Holds back everyone who waits, for as long as it is set. */
export class Barrier {
  readonly path: string;
  readonly #znodes: ZnodeClient;

  constructor(znodes: ZnodeClient, name: string) {
    this.#znodes = znodes;
    this.path = `${parent}/${name}`;
  }

  /** One that is set already stays. */
  async set(): Promise<void> {
    await this.#znodes.ensure(this.path);
  }

  /** Lets everyone through; one that is not set is no error. */
  async remove(): Promise<void> {
    try {
      await this.#znodes.delete(this.path);
    } catch (error) {
      if (!isServiceException(error, "NO_NODE")) throw error;
    }
  }

  /** Until it is removed; at once if it is not set. @throws StreamkeeperException, or the signal's reason */
  async wait(options: BarrierOptions = {}): Promise<void> {
    await waitUntil(this.#znodes, this.path, options, async () =>
      (await this.#znodes.exists(this.path)) === undefined ? true : undefined,
    );
  }
}

/** So many members begin together and end together. The `ZnodeClient` needs a session: who is lost counts as having left. */
export class DoubleBarrier {
  readonly path: string;
  readonly members: number;
  readonly #znodes: ZnodeClient;
  readonly #memberPath: string;

  constructor(znodes: ZnodeClient, name: string, members: number) {
    if (znodes.session === undefined) throw new TypeError("a double barrier needs a client with a session");
    if (!Number.isSafeInteger(members) || members < 1) throw new TypeError("members must be a whole number from 1 on");
    this.#znodes = znodes;
    this.members = members;
    this.path = `${parent}/${name}`;
    this.#memberPath = `${this.path}/member-${crypto.randomUUID()}`;
  }

  /** Until all members are there. @throws SessionExpiredError | StreamkeeperException, or the signal's reason */
  async enter(options: BarrierOptions = {}): Promise<void> {
    await this.#znodes.ensure(this.path);
    await this.#znodes.create(this.#memberPath, { mode: "ephemeral" });
    await waitUntil(this.#znodes, this.path, this.#endsWith(options), async () => {
      const children = await this.#znodes.getChildren(this.path);
      if (children.includes("ready")) return true;
      const there = children.filter((name) => name.startsWith("member-"));
      if (there.length < this.members) return undefined;
      // Whoever sees all of them first says so to those who see one leave already.
      await this.#createReady();
      return true;
    });
    this.#znodes.session?.requireOpen();
  }

  /** Until all members have left, or were lost. @throws as `enter` */
  async leave(options: BarrierOptions = {}): Promise<void> {
    await deleteIfThere(this.#znodes, this.#memberPath);
    await waitUntil(this.#znodes, this.path, this.#endsWith(options), async () => {
      const children = await this.#znodes.getChildren(this.path);
      return children.some((name) => name.startsWith("member-")) ? undefined : true;
    });
    await deleteIfThere(this.#znodes, `${this.path}/ready`);
  }

  async #createReady(): Promise<void> {
    try {
      await this.#znodes.create(`${this.path}/ready`);
    } catch (error) {
      if (!isServiceException(error, "NODE_EXISTS")) throw error;
    }
  }

  #endsWith({ signal }: BarrierOptions): BarrierOptions {
    const session = this.#znodes.session?.signal;
    const signals = [signal, session].filter((one) => one !== undefined);
    return { signal: AbortSignal.any(signals) };
  }
}

async function deleteIfThere(znodes: ZnodeClient, path: string): Promise<void> {
  try {
    await znodes.delete(path);
  } catch (error) {
    if (!isServiceException(error, "NO_NODE")) throw error;
  }
}
