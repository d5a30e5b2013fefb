/** A counter that many change (Curator's DistributedAtomicLong): a znode's data, changed by compare-and-set. */
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { pause } from "../coordination/time.ts";
import { isServiceException } from "../exceptions.ts";

const parent = "/counters";
/** Times that another's change comes first; each time somebody has got on. */
const attemptsMax = 1_000;
/** Longest pause after another's change, so that those who lose do not always lose again. */
const pauseMsMax = 20;

export class Counter {
  readonly path: string;
  readonly #znodes: ZnodeClient;

  constructor(znodes: ZnodeClient, name: string) {
    this.#znodes = znodes;
    this.path = `${parent}/${name}`;
  }

  /** 0 for a counter that nobody has used. @throws TypeError if the znode holds no whole number */
  async get(): Promise<bigint> {
    return (await this.#read()).value;
  }

  /** Answers the new value. @throws StreamkeeperException */
  async add(delta: bigint | number): Promise<bigint> {
    return await this.update((value) => value + BigInt(delta));
  }

  /** Sets `next` if the value is `expected`; answers whether it was. */
  async compareAndSet(expected: bigint, next: bigint): Promise<boolean> {
    const { value, version } = await this.#read();
    return value === expected && (await this.#write(next, version));
  }

  /** Answers the new value. @param change called again with the value then found when another's change came first */
  async update(change: (value: bigint) => bigint): Promise<bigint> {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      const { value, version } = await this.#read();
      const next = change(value);
      if (await this.#write(next, version)) return next;
      await pause(Math.random() * Math.min(pauseMsMax, attempt));
    }
    throw new Error(`the counter ${this.path} was changed ${attemptsMax} times by others`);
  }

  async #read(): Promise<{ readonly value: bigint; readonly version: number | undefined }> {
    try {
      // An older state, however often it is read again, would be refused each time.
      const { data, stat } = await this.#znodes.get(this.path, { consistency: "linearizable" });
      if (typeof data !== "string" || !/^-?\d+$/.test(data)) throw new TypeError(`${this.path} holds no whole number`);
      return { value: BigInt(data), version: stat.version };
    } catch (error) {
      if (!isServiceException(error, "NO_NODE")) throw error;
      return { value: 0n, version: undefined };
    }
  }

  /** @param version undefined: there was none. False if that is no longer so */
  async #write(value: bigint, version: number | undefined): Promise<boolean> {
    try {
      if (version === undefined) {
        await this.#znodes.ensure(parent);
        await this.#znodes.create(this.path, { data: String(value) });
      } else await this.#znodes.set(this.path, String(value), version);
      return true;
    } catch (error) {
      const isRace = (["NODE_EXISTS", "BAD_VERSION", "NO_NODE"] as const).some((name) =>
        isServiceException(error, name),
      );
      if (!isRace) throw error;
      return false;
    }
  }
}
