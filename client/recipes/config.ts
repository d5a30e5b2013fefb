/** Configuration that is typed, cached and live (Curator's NodeCache). */
import { callSafely } from "../coordination/call-safely.ts";
import type { Watch } from "../coordination/watch.ts";
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";

export interface ConfigOptions<Value> {
  /** Of the znode; anything that JSON can hold stands there. */
  readonly path: string;
  /** Turns what the znode holds into a value, or throws. Undefined stands for a znode that is not there. */
  readonly parse: (json: unknown) => Value;
  /** Told of each new value, and of what could not be read: the old value stays then. */
  readonly listener?: (change: ConfigChange<Value>) => void;
}

export type ConfigChange<Value> =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "error"; readonly error: unknown };

interface Found<Value> {
  readonly value: Value;
  /** Undefined if the znode is not there. */
  readonly version: number | undefined;
  /** Of the tree in which it was so. */
  readonly zxid: number;
}

/** A value that follows its znode. */
export class Config<Value> implements AsyncDisposable {
  readonly path: string;
  readonly #znodes: ZnodeClient;
  readonly #options: ConfigOptions<Value>;
  readonly #watch: Watch;
  readonly #following: Promise<void>;
  #found: Found<Value>;

  private constructor(znodes: ZnodeClient, options: ConfigOptions<Value>, watch: Watch, found: Found<Value>) {
    this.path = options.path;
    this.#znodes = znodes;
    this.#options = options;
    this.#watch = watch;
    this.#found = found;
    this.#following = this.#follow();
  }

  /** Reads the value, and follows it from then on. @throws what `parse` throws, StreamkeeperException */
  static async open<Value>(znodes: ZnodeClient, options: ConfigOptions<Value>): Promise<Config<Value>> {
    const watch = await znodes.watch(options.path, { whenLost: "resume" });
    try {
      return new Config(znodes, options, watch, await read(znodes, options));
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** The latest value that could be read; no request. */
  get value(): Value {
    return this.#found.value;
  }

  /**
   * Writes a value, if nobody else has since the one that is known here.
   *
   * @throws what `parse` throws
   * @throws StreamkeeperServiceException BAD_VERSION | NODE_EXISTS | NO_NODE: the value that is known here was no longer the latest
   */
  async set(value: Value): Promise<void> {
    const data = JSON.stringify(value);
    const parsed = this.#options.parse(JSON.parse(data) as unknown);
    const { version } = this.#found;
    if (version === undefined) {
      const parent = this.path.slice(0, this.path.lastIndexOf("/"));
      if (parent !== "") await this.#znodes.ensure(parent);
      const { stat, zxid } = await this.#znodes.create(this.path, { data });
      this.#take({ value: parsed, version: stat.version, zxid });
    } else {
      const stat = await this.#znodes.set(this.path, data, version);
      this.#take({ value: parsed, version: stat.version, zxid: stat.mzxid });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.close();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { listener } = this.#options;
    const tell = (change: ConfigChange<Value>): void => callSafely(() => listener?.(change));
    try {
      while (await this.#watch.changed()) {
        try {
          this.#take(await read(this.#znodes, this.#options));
          tell({ kind: "value", value: this.value });
        } catch (error) {
          tell({ kind: "error", error });
        }
      }
    } catch (error) {
      // The watch cannot go on: the value stays as it is, and whoever listens knows.
      tell({ kind: "error", error });
    }
  }

  /** What was read before something newer was known came too late. */
  #take(found: Found<Value>): void {
    if (found.zxid >= this.#found.zxid) this.#found = found;
  }
}

async function read<Value>(znodes: ZnodeClient, { path, parse }: ConfigOptions<Value>): Promise<Found<Value>> {
  try {
    const { data, stat, zxid } = await znodes.get(path);
    const text = typeof data === "string" ? data : new TextDecoder().decode(data ?? undefined);
    return { value: parse(text === "" ? undefined : (JSON.parse(text) as unknown)), version: stat.version, zxid };
  } catch (error) {
    if (!isServiceException(error, "NO_NODE")) throw error;
    return { value: parse(undefined), version: undefined, zxid: znodes.seenZxid };
  }
}
