import { setTimeout as sleep } from "node:timers/promises";
import { StreamkeeperClient } from "../../client/index.ts";
import { compress } from "../../shared/compression/compression.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import type { BatchInput } from "../../shared/record/encode-batch.ts";
import { copyWithOffsets, lastOffset, readBatchHeader } from "../../shared/record/record-batch.ts";
import { answer, refuse, ScriptedServer } from "./scripted-server.ts";
import type { SeenRequest, Step } from "./scripted-server.ts";

/** A server that holds one partition's batches and answers fetches, at most `batchesPerAnswer` at a time. */
export class ScriptedPartition implements AsyncDisposable {
  readonly fetches: { readonly offset: number; readonly waitMs: number; readonly maxBytes: number }[] = [];
  readonly timestamps = new Map<string, number>();
  logStartOffset = 0;
  highWatermark = 0;
  batchesPerAnswer = 2;
  /** What becomes of the nth fetch, from 0; nothing: it is answered. */
  script: (index: number) => Step | undefined = () => undefined;
  server: ScriptedServer;
  client: StreamkeeperClient;
  readonly #batches: { readonly next: number; readonly bytes: Uint8Array }[] = [];
  #grown = Promise.withResolvers<undefined>();

  private constructor(server: ScriptedServer) {
    this.server = server;
    this.client = new StreamkeeperClient({ endpoint: server.endpoint });
  }

  static async start(): Promise<ScriptedPartition> {
    const server = await ScriptedServer.start((response, request) => partition.serve(response, request));
    const partition = new ScriptedPartition(server);
    return partition;
  }

  append(values: readonly string[], batch: Partial<BatchInput> = {}): void {
    const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 7 }));
    this.appendBytes(encodeBatch({ records, ...batch }, compress));
  }

  appendBytes(encoded: Uint8Array): void {
    const bytes = copyWithOffsets(encoded, 0, encoded.length, this.highWatermark, 0);
    this.highWatermark = lastOffset(readBatchHeader(bytes)) + 1;
    this.#batches.push({ next: this.highWatermark, bytes });
    this.#grown.resolve(undefined);
    this.#grown = Promise.withResolvers<undefined>();
  }

  readonly serve: Step = async (response, request) => {
    const query = new URL(request.url, "http://x").searchParams;
    if (request.url.includes("/offsets")) return this.#offset(query.get("at") ?? "")(response, request);
    const offset = Number(query.get("offset"));
    const waitMs = Number(query.get("waitMs"));
    const index = this.fetches.length;
    this.fetches.push({ offset, waitMs, maxBytes: Number(query.get("maxBytes")) });
    const step = this.script(index);
    if (step !== undefined) return step(response, request);
    const { logStartOffset, highWatermark } = this;
    if (offset < logStartOffset || offset > highWatermark) {
      return refuse(416, "OFFSET_OUT_OF_RANGE", { details: { logStartOffset, highWatermark } })(response, request);
    }
    if (offset === this.highWatermark) await Promise.race([this.#grown.promise, sleep(waitMs)]);
    return this.#answer(offset)(response, request);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.server[Symbol.asyncDispose]();
  }

  #offset(at: string): Step {
    const known: Record<string, number> = { earliest: this.logStartOffset, latest: this.highWatermark };
    return answer(200, { offset: known[at] ?? this.timestamps.get(at) ?? -1, timestamp: -1 });
  }

  #answer(offset: number): Step {
    return (response, request: SeenRequest) => {
      const batches = this.#batches.filter(({ next }) => next > offset).slice(0, this.batchesPerAnswer);
      response.writeHead(200, {
        "content-type": request.headers.accept,
        "x-streamkeeper-next-offset": batches.at(-1)?.next ?? offset,
        "x-streamkeeper-high-watermark": this.highWatermark,
        "x-streamkeeper-last-stable-offset": this.highWatermark,
        "x-streamkeeper-log-start-offset": this.logStartOffset,
      });
      response.end(Buffer.concat(batches.map(({ bytes }) => bytes)));
    };
  }
}
