import { setTimeout as sleep } from "node:timers/promises";
import { StreamkeeperClient } from "../../client/index.ts";
import type { StreamkeeperClientOptions } from "../../client/index.ts";
import { decompress } from "../../shared/compression/compression.ts";
import { decodeRecords } from "../../shared/record/decode-records.ts";
import { readBatchHeader, recordsOf } from "../../shared/record/record-batch.ts";
import type { BatchHeader } from "../../shared/record/record-batch.ts";
import { answer, ScriptedServer } from "./scripted-server.ts";
import type { Step } from "./scripted-server.ts";

export interface SeenBatch {
  readonly partition: number;
  readonly header: BatchHeader;
  readonly values: readonly string[];
  readonly keys: readonly (string | null)[];
  readonly bytes: Buffer;
  readonly idempotencyKey: string | undefined;
}

export interface ScriptedTopicOptions {
  readonly partitions?: number;
  readonly config?: Record<string, string>;
  readonly answerAfterMs?: number;
  /** What becomes of the nth produce request, from 0; nothing: it is acknowledged. */
  readonly produce?: (index: number, batch: SeenBatch) => Step | undefined;
  readonly client?: Partial<StreamkeeperClientOptions>;
}

const utf8 = new TextDecoder();
const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : utf8.decode(bytes));

/** A server that knows one topic, acknowledges batches, and remembers them. */
export class ScriptedTopic implements AsyncDisposable {
  readonly batches: SeenBatch[] = [];
  readonly ends = new Map<number, number>();
  readonly inFlight = new Map<number, number>();
  inFlightMax = 0;
  describes = 0;
  producers = 0;
  server: ScriptedServer;
  client: StreamkeeperClient;
  readonly #options: ScriptedTopicOptions;

  private constructor(options: ScriptedTopicOptions, server: ScriptedServer, client: StreamkeeperClient) {
    this.#options = options;
    this.server = server;
    this.client = client;
  }

  static async start(options: ScriptedTopicOptions = {}): Promise<ScriptedTopic> {
    const server = await ScriptedServer.start((response, request) => topic.serve(response, request));
    const client = new StreamkeeperClient({ endpoint: server.endpoint, ...options.client });
    const topic = new ScriptedTopic(options, server, client);
    return topic;
  }

  /** The values of a partition, in the order in which they were acknowledged. */
  valuesOf(partition: number): string[] {
    return this.batches.filter((batch) => batch.partition === partition).flatMap((batch) => batch.values);
  }

  readonly serve: Step = async (response, request) => {
    if (request.url.endsWith("/producers")) {
      this.producers += 1;
      return answer(200, { producerId: "77", producerEpoch: 0 })(response, request);
    }
    if (request.method === "GET") {
      this.describes += 1;
      const { partitions = 1, config = {} } = this.#options;
      return answer(200, { name: "t", topicId: "id", partitions, config, createdAtMs: 1 })(response, request);
    }
    const partition = Number(/partitions\/(\d+)\/records/.exec(request.url)?.[1]);
    const batch = seenBatch(partition, request.body, request.headers["idempotency-key"]);
    const index = this.batches.length;
    this.batches.push(batch);
    const inFlight = (this.inFlight.get(partition) ?? 0) + 1;
    this.inFlight.set(partition, inFlight);
    this.inFlightMax = Math.max(this.inFlightMax, inFlight);
    if (this.#options.answerAfterMs !== undefined) await sleep(this.#options.answerAfterMs);
    this.inFlight.set(partition, inFlight - 1);
    const step = this.#options.produce?.(index, batch);
    if (step !== undefined) return step(response, request);
    const baseOffset = this.ends.get(partition) ?? 0;
    this.ends.set(partition, baseOffset + batch.values.length);
    return answer(200, { baseOffset, appendedAtMs: 123 })(response, request);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.server[Symbol.asyncDispose]();
  }
}

function seenBatch(partition: number, bytes: Buffer, key: string | string[] | undefined): SeenBatch {
  const header = readBatchHeader(bytes);
  const plain = decompress(header.compressionType, recordsOf(bytes, 0, header), 1e9);
  const records = [...decodeRecords(header, plain)];
  return {
    partition,
    header,
    values: records.map((record) => textOf(record.value) ?? ""),
    keys: records.map((record) => textOf(record.key)),
    bytes,
    idempotencyKey: typeof key === "string" ? key : undefined,
  };
}
