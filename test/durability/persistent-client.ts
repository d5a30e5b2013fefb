/** One connection that produces to a server which is killed again and again, and remembers what it was told. */
import { setTimeout as sleep } from "node:timers/promises";
import { compress } from "../../shared/compression/compression.ts";
import { idempotencyKeyHeader, jsonMediaType, recordBatchMediaType } from "../../shared/api/routes.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import type { SendOperation } from "../simulation/partition-history.ts";
import type { KilledServer } from "./killed-server.ts";

/**
 * `once` sends each request once, whatever comes of it. `keyed` repeats it under an idempotency key, and `sequenced` as an
 * idempotent producer does, until it is acknowledged.
 */
export type ClientKind = "once" | "keyed" | "sequenced";

export interface ClientOptions {
  readonly server: KilledServer;
  readonly topic: string;
  /** Unique among the clients. */
  readonly id: number;
  readonly kind: ClientKind;
  /** Payloads above the inline limit. */
  readonly byReference: boolean;
}

interface Told {
  readonly outcome: SendOperation["outcome"];
  readonly offset?: number;
  readonly complaint?: string;
}

const recordsPerRequestMax = 3;
const largeKey = "k".repeat(20_000);
/** Times that one request is sent: as often as the server is killed, and some more. */
const triesMax = 100;
const pauseMs = 20;

export class PersistentClient {
  readonly sends: SendOperation[] = [];
  /** Refusals, which there should be none of. */
  readonly complaints: string[] = [];
  readonly #options: ClientOptions;
  #sequence = 0;
  #stopped = false;
  /** True while a request is under way. */
  isWaiting = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get acknowledged(): number {
    return this.sends.filter(({ outcome }) => outcome === "ok").length;
  }

  /** Lets `run` end after the request under way. */
  stop(): void {
    this.#stopped = true;
  }

  async run(): Promise<void> {
    const { server, kind, id } = this.#options;
    for (let request = 0; !this.#stopped; request += 1) {
      await server.running();
      const operation: SendOperation = {
        value: `c${id}-${request}`,
        recordCount: 1 + ((id + request) % recordsPerRequestMax),
        invokedMs: performance.now(),
        completedMs: Infinity,
        outcome: "info",
        offset: -1,
      };
      this.sends.push(operation);
      if (kind === "once") await this.#send(operation);
      else await this.#sendUntilKnown(operation);
      this.#sequence += operation.recordCount;
    }
  }

  async #sendUntilKnown(operation: SendOperation): Promise<void> {
    for (let tries = 0; tries < triesMax; tries += 1) {
      await this.#options.server.running();
      await this.#send(operation);
      if (operation.outcome === "ok") return;
      await sleep(pauseMs);
    }
    throw new Error(`${operation.value} was not acknowledged in ${triesMax} tries: ${this.complaints.at(-1)}`);
  }

  async #send(operation: SendOperation): Promise<void> {
    this.isWaiting = true;
    const told = await this.#post(operation);
    this.isWaiting = false;
    operation.completedMs = performance.now();
    operation.outcome = told.outcome;
    operation.offset = told.offset ?? -1;
    if (told.complaint !== undefined) this.complaints.push(`${operation.value}: ${told.complaint}`);
  }

  async #post(operation: SendOperation): Promise<Told> {
    const { server, topic, kind } = this.#options;
    try {
      const answer = await fetch(`${server.url}/v1/default/topics/${topic}/partitions/0/records`, {
        method: "POST",
        ...(kind === "sequenced" ? this.#batch(operation) : this.#json(operation)),
      });
      const body = (await answer.json()) as {
        readonly baseOffset?: number;
        readonly results?: readonly { readonly offset: number }[];
      };
      if (answer.ok) return { outcome: "ok", offset: body.baseOffset ?? body.results?.[0]?.offset ?? -1 };
      return {
        outcome: answer.status === 504 ? "info" : "fail",
        complaint: `${answer.status} ${JSON.stringify(body)}`,
      };
    } catch {
      // The server has died: what it did before that, nobody can tell.
      return { outcome: "info" };
    }
  }

  #json({ value, recordCount }: SendOperation): { readonly headers: Record<string, string>; readonly body: string } {
    const records = Array.from({ length: recordCount }, (_, index) => ({
      ...(this.#options.byReference ? { key: largeKey } : {}),
      value: `${value}/${index}`,
    }));
    const headers: Record<string, string> = { "content-type": jsonMediaType };
    if (this.#options.kind === "keyed") headers[idempotencyKeyHeader] = value;
    return { headers, body: JSON.stringify({ records }) };
  }

  #batch({ value, recordCount }: SendOperation): {
    readonly headers: Record<string, string>;
    readonly body: Uint8Array<ArrayBuffer>;
  } {
    const utf8 = new TextEncoder();
    const records = Array.from({ length: recordCount }, (_, index) => ({
      key: this.#options.byReference ? utf8.encode(largeKey) : null,
      value: utf8.encode(`${value}/${index}`),
      timestamp: Date.now(),
    }));
    const producer = {
      producerId: BigInt(1_000_000 + this.#options.id),
      producerEpoch: 0,
      baseSequence: this.#sequence,
    };
    const bytes = encodeBatch({ records, ...producer }, compress);
    return { headers: { "content-type": recordBatchMediaType }, body: new Uint8Array(bytes) };
  }
}
