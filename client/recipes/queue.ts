/** A queue for little data (Curator's SimpleDistributedQueue); for much, a topic is the better one. */
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { type WaitOptions, waitUntil } from "./wait-until.ts";

const parent = "/queues";
/** Items that one request of a taker sees; those that others take first are skipped. */
const itemsPerLook = 16;

/** First in, first out. Each item is taken by exactly one taker; if that one ends before it is done, the item is gone. */
export class Queue {
  readonly path: string;
  readonly #znodes: ZnodeClient;

  constructor(znodes: ZnodeClient, name: string) {
    this.#znodes = znodes;
    this.path = `${parent}/${name}`;
  }

  /** @throws StreamkeeperException */
  async offer(data: RecordBytes | null): Promise<void> {
    const create = () => this.#znodes.create(`${this.path}/item-`, { data, mode: "persistent_sequential" });
    try {
      await create();
    } catch (error) {
      if (!isServiceException(error, "NO_NODE")) throw error;
      await this.#znodes.ensure(this.path);
      await create();
    }
  }

  /** The oldest item, or undefined if there is none. @throws StreamkeeperException */
  async poll(): Promise<{ readonly data: RecordBytes | null } | undefined> {
    for (;;) {
      const names = await this.#names(itemsPerLook);
      if (names.length === 0) return undefined;
      for (const name of names) {
        const item = await this.#take(`${this.path}/${name}`);
        if (item !== undefined) return item;
      }
      // Others have taken all of them, so that many have got on.
    }
  }

  /** The oldest item, waiting for one. @throws StreamkeeperException, or the signal's reason */
  async take(options: WaitOptions = {}): Promise<{ readonly data: RecordBytes | null }> {
    return await waitUntil(this.#znodes, this.path, options, () => this.poll());
  }

  /** Items that nobody has taken. */
  async size(): Promise<number> {
    return (await this.#names(Infinity)).length;
  }

  /** Children come by their names, and so by their sequence. */
  async #names(limit: number): Promise<readonly string[]> {
    try {
      return await this.#znodes.getChildren(this.path, { limit, consistency: "linearizable" });
    } catch (error) {
      if (isServiceException(error, "NO_NODE")) return [];
      throw error;
    }
  }

  /** Undefined if another was first. */
  async #take(path: string): Promise<{ readonly data: RecordBytes | null } | undefined> {
    try {
      const { data } = await this.#znodes.get(path, { consistency: "linearizable" });
      await this.#znodes.delete(path);
      return { data };
    } catch (error) {
      if (isServiceException(error, "NO_NODE")) return undefined;
      throw error;
    }
  }
}
