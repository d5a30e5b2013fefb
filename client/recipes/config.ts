/** Configuration that is typed, cached and live (Curator's NodeCache). */
import type { Watch } from "../coordination/watch.ts";
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";

export interface ConfigOptions<Value> {
  /** Of the znode; anything that JSON can hold stands there. */
  readonly path: string;
  /** Turns what the znode holds into a value, or throws. Undefined stands for a znode that is not there. */
  readonly parse: (json: unknown) => Value;
  /** Told of each new value, and of what could not be read; the old value stays then. */
  readonly listener?: (change: { readonly value: unknown } | { readonly error: unknown }) => void;
}

/** A value that follows its znode. */
export class Config<Value> implements AsyncDisposable {
  readonly path: string;
  readonly #znodes: ZnodeClient;
  readonly #options: ConfigOptions<Value>;
  readonly #watch: Watch;
  readonly #following: Promise<void>;
  #value: Value;
  #version: number | undefined;

  private constructor(znodes: ZnodeClient, options: ConfigOptions<Value>, watch: Watch, found: Found<Value>) {
    this.path = options.path;
    this.#znodes = znodes;
    this.#options = options;
    this.#watch = watch;
    this.#value = found.value;
    this.#version = found.version;
    this.#following = this.#follow();
  }

  /** Reads the value, and follows it from then on. @throws what `parse` throws, StreamkeeperException */
  static async open<Value>(znodes: ZnodeClient, options: ConfigOptions<Value>): Promise<Config<Value>> {
    const watch = await znodes.watch(options.path);
    try {
      return new Config(znodes, options, watch, await read(znodes, options));
    } catch (error) {
      watch.close();
      throw error;
    }
  }

  /** The latest value that could be read; no request. */
  get value(): Value {
    return this.#value;
  }

  /**
   * Writes a value, if nobody else has since the one that is known here.
   *
   * @throws StreamkeeperServiceException BAD_VERSION | NODE_EXISTS | NO_NODE: the value that is known here was no longer the latest
   */
  async set(value: Value): Promise<void> {
    const data = JSON.stringify(value);
    const parsed = this.#options.parse(JSON.parse(data) as unknown);
    if (this.#version === undefined) {
      const parent = this.path.slice(0, this.path.lastIndexOf("/"));
      if (parent !== "") await this.#znodes.ensure(parent);
      this.#version = (await this.#znodes.create(this.path, { data })).stat.version;
    } else this.#version = (await this.#znodes.set(this.path, data, this.#version)).version;
    this.#value = parsed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.close();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const tell = this.#options.listener ?? ((): void => undefined);
    try {
      for await (const _event of this.#watch) {
        try {
          const { value, version } = await read(this.#znodes, this.#options);
          this.#value = value;
          this.#version = version;
          tell({ value });
        } catch (error) {
          tell({ error });
        }
      }
    } catch (error) {
      // The watch could not go on: the value stays as it is, and whoever listens knows.
      tell({ error });
    }
  }
}

interface Found<Value> {
  readonly value: Value;
  /** Undefined if the znode is not there. */
  readonly version: number | undefined;
}

async function read<Value>(znodes: ZnodeClient, { path, parse }: ConfigOptions<Value>): Promise<Found<Value>> {
  try {
    const { data, stat } = await znodes.get(path);
    const text = typeof data === "string" ? data : new TextDecoder().decode(data ?? undefined);
    return { value: parse(text === "" ? undefined : (JSON.parse(text) as unknown)), version: stat.version };
  } catch (error) {
    if (!isServiceException(error, "NO_NODE")) throw error;
    return { value: parse(undefined), version: undefined };
  }
}
