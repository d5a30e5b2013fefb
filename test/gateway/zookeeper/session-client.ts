/** A session over one connection after the other, as ZooKeeper's clients have it: it moves to another server when one is lost. */
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationName, RequestOf } from "../../../gateway/zookeeper/protocol/operations.ts";
import { type Reply, type Told, WireClient } from "./wire-client.ts";

export interface WatchedEvent {
  readonly type: number;
  readonly path: string;
  readonly zxid: number;
}

export interface SessionOptions {
  readonly ports: readonly number[];
  readonly timeoutMs: number;
  /** Set again whenever the connection is another. */
  readonly recursiveWatches?: readonly string[];
  /** Of all watches, those that were missed as well; must not throw. */
  readonly onEvent?: (event: WatchedEvent) => void;
}

const retryMs = 50;
/** Its request may have been carried out. */
export class ConnectionLossError extends Error {
  override readonly name = "ConnectionLossError";
}

export class SessionClient {
  /** What must never happen. */
  readonly problems: string[] = [];
  readonly #options: SessionOptions;
  readonly #dataWatches = new Set<string>();
  readonly #stop = new AbortController();
  #client: WireClient | undefined;
  #port = 0;
  #sessionId = 0n;
  #passwd: Uint8Array = new Uint8Array(16);
  #lastZxid = 0;
  #heardMs = 0;
  #moves = -1;
  #begun = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;

  private constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** @param first which of the ports it begins with */
  static async begin(options: SessionOptions, first: number): Promise<SessionClient> {
    const client = new SessionClient(options);
    client.#running = client.#run(first);
    await client.#begun.promise;
    return client;
  }

  get sessionId(): bigint {
    return this.#sessionId;
  }

  get passwd(): Uint8Array {
    return this.#passwd;
  }

  get lastZxid(): number {
    return this.#lastZxid;
  }

  /** How often it has come to another connection. */
  get moves(): number {
    return this.#moves;
  }

  /** Of the server that it is at; undefined while it is at none. */
  get port(): number | undefined {
    return this.#client === undefined ? undefined : this.#port;
  }

  /** @throws ConnectionLossError */
  async send<Name extends OperationName>(name: Name, body: RequestOf<Name>): Promise<Reply<Name>> {
    const client = this.#client;
    if (client === undefined) throw new ConnectionLossError("not connected");
    try {
      return await client.send(name, body);
    } catch (cause) {
      throw new ConnectionLossError("the connection was lost", { cause });
    }
  }

  /** Reads and watches once. @throws ConnectionLossError */
  async watchData(path: string): Promise<Reply<"getData">> {
    const reply = await this.send("getData", { path, watch: true });
    if (reply.err === 0) this.#dataWatches.add(path);
    return reply;
  }

  /** Never comes back, without a word. */
  async vanish(): Promise<void> {
    this.#stop.abort();
    this.#client?.destroy();
    await this.#running;
  }

  async #run(first: number): Promise<void> {
    const { ports, timeoutMs } = this.#options;
    const { signal } = this.#stop;
    for (let turn = first; !signal.aborted; turn += 1) {
      this.#port = ports[turn % ports.length] ?? 0;
      const over = new AbortController();
      this.#heardMs = performance.now();
      const watch = setInterval(() => this.#lookAlive(over), timeoutMs / 10);
      try {
        await this.#serve(over.signal);
      } catch {
        if (!signal.aborted) await sleep(retryMs);
      } finally {
        clearInterval(watch);
        over.abort();
        this.#client = undefined;
      }
    }
  }

  /** Until the connection is lost. */
  async #serve(over: AbortSignal): Promise<void> {
    const { timeoutMs, recursiveWatches = [] } = this.#options;
    const client = await WireClient.connect(this.#port, {
      sessionId: this.#sessionId,
      passwd: this.#passwd,
      timeOut: timeoutMs,
      lastZxidSeen: this.#lastZxid,
      signal: over,
      onTold: (told) => this.#take(told),
    });
    // Else a gateway that took long to open would leave it no time to answer.
    this.#heardMs = performance.now();
    const { sessionId = 0n, passwd } = client.session ?? {};
    if (sessionId === 0n) {
      this.problems.push(`session ${this.#sessionId} has expired`);
      this.#stop.abort();
      this.#begun.reject(new Error("no session"));
      return;
    }
    if (this.#stop.signal.aborted) return client.destroy();
    this.#sessionId = sessionId;
    this.#passwd = Uint8Array.from(passwd ?? []);
    await this.#setWatches(client, recursiveWatches);
    this.#client = client;
    this.#moves += 1;
    this.#begun.resolve();
    const ping = setInterval(() => void client.send("ping", {}).catch(() => undefined), timeoutMs / 3);
    await client.closed();
    clearInterval(ping);
  }

  async #setWatches(client: WireClient, recursive: readonly string[]): Promise<void> {
    if (this.#moves < 0) {
      for (const path of recursive) await client.send("addWatch", { path, mode: 1 });
      return;
    }
    await client.send("setWatches2", {
      relativeZxid: this.#lastZxid,
      dataWatches: [...this.#dataWatches],
      existWatches: [],
      childWatches: [],
      persistentWatches: [],
      persistentRecursiveWatches: recursive,
    });
  }

  #take(told: Told): void {
    this.#heardMs = performance.now();
    if (told.kind === "event") {
      if (told.type !== 4) this.#dataWatches.delete(told.path);
      this.#options.onEvent?.(told);
      return;
    }
    if (told.zxid < this.#lastZxid) this.problems.push(`zxid ${told.zxid} after ${this.#lastZxid}`);
    else this.#lastZxid = told.zxid;
  }

  /** As ZooKeeper's clients do after two thirds of the timeout. */
  #lookAlive(over: AbortController): void {
    if (performance.now() - this.#heardMs > (this.#options.timeoutMs * 2) / 3) over.abort();
  }
}
