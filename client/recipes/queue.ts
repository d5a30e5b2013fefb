/** A queue for little data (Curator's SimpleDistributedQueue); for much, a topic is the better one. */
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { waitUntil } from "./wait-until.ts";

const parent = "/queues";

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
    for (const name of await this.#names()) {
      const item = await this.#take(`${this.path}/${name}`);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** The oldest item, waiting for one. @throws StreamkeeperException, or the signal's reason */
  async take(options: { readonly signal?: AbortSignal } = {}): Promise<{ readonly data: RecordBytes | null }> {
    return await waitUntil(this.#znodes, this.path, options, () => this.poll());
  }

  /** Items that nobody has taken. */
  async size(): Promise<number> {
    return (await this.#names()).length;
  }

  async #names(): Promise<readonly string[]> {
    try {
      const names = await this.#znodes.getChildren(this.path);
      return names.toSorted((one, other) => sequenceOf(one) - sequenceOf(other));
    } catch (error) {
      if (isServiceException(error, "NO_NODE")) return [];
      throw error;
    }
  }

  /** Undefined if another was first. */
  async #take(path: string): Promise<{ readonly data: RecordBytes | null } | undefined> {
    try {
      const { data } = await this.#znodes.get(path);
      await this.#znodes.delete(path);
      return { data };
    } catch (error) {
      if (isServiceException(error, "NO_NODE")) return undefined;
      throw error;
    }
  }
}

/** By number: beyond ten digits the names are longer. */
function sequenceOf(name: string): number {
  return Number(name.slice(name.lastIndexOf("-") + 1));
}
