import { setTimeout as sleep } from "node:timers/promises";

import type { Command, CommandSender } from "./command.ts";
import { FetchBatchesCommand } from "./commands/fetch-batches-command.ts";
import type { FetchBatchesOutput } from "./commands/fetch-batches-command.ts";
import { GetOffsetCommand } from "./commands/get-offset-command.ts";
import { isServiceException, StreamkeeperException } from "./exceptions.ts";
import { isTransient, retryDelayMs } from "./middleware/retry-policy.ts";
import type { HintListener } from "./push/hint-source.ts";
import { decodeBatches } from "./reader/decode-batches.ts";
import type { ReadRecord } from "./reader/decode-batches.ts";
import { resolveReadOptions } from "./reader/read-options.ts";
import type { ReadConfiguration, ReadPartitionOptions } from "./reader/read-options.ts";

/** Least time between two requests that find nothing, should the service not wait as it was asked to. */
const emptyPauseMs = 50;
/** Times that one fetch follows a log start that moves ahead of it. */
const resetsMax = 10;

/** One iteration. */
interface Reading {
  readonly listener: HintListener | undefined;
  readonly signal: AbortSignal;
}

interface Fetched {
  readonly answer: FetchBatchesOutput;
  /** The offset that was asked for in the end. */
  readonly fromOffset: number;
}

/** What one request fetched. */
export interface PartitionPage {
  /** May be empty: when the wait was in vain, or only control records came. */
  readonly records: readonly ReadRecord[];
  /** Where to go on: to be kept by whoever wants to resume. */
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly logStartOffset: number;
}

/**
 * Reads a partition from an offset on, waiting for what is yet to come:
 *
 *     for await (const record of client.readPartition({ topic, partition: 0, from: "earliest", signal })) { ... }
 *
 * `pages()` gives the same by the answer: with it a caller can keep `nextOffset`, and pays for one step per page.
 * Each iteration begins anew.
 *
 * @throws StreamkeeperServiceException OFFSET_OUT_OF_RANGE, unless `reset` says where to go on | UNKNOWN_TOPIC_OR_PARTITION
 * @throws NoAnswerException the service did not answer for `giveUpAfterMs`, or the signal was aborted
 * @throws CorruptBatchError what came does not match its checksum
 */
export class PartitionReader implements AsyncIterable<ReadRecord> {
  readonly #client: CommandSender;
  readonly #configuration: ReadConfiguration;
  readonly #signal: AbortSignal | undefined;

  /** @throws TypeError for an option that cannot be */
  constructor(client: CommandSender, options: ReadPartitionOptions) {
    this.#client = client;
    this.#configuration = resolveReadOptions(options);
    this.#signal = options.signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReadRecord, void, undefined> {
    for await (const page of this.pages()) yield* page.records;
  }

  /** Page by page. @throws as the iteration by record */
  async *pages(): AsyncGenerator<PartitionPage, void, undefined> {
    const { partition, prefetch, stopAtEnd, isolation } = this.#configuration;
    const controller = new AbortController();
    const abort = (): void => controller.abort(this.#signal?.reason);
    if (this.#signal?.aborted === true) abort();
    this.#signal?.addEventListener("abort", abort, { once: true });
    const listener = this.#listener();
    const reading = { listener, signal: controller.signal };
    try {
      let offset = await this.#startOffset(controller.signal);
      let ahead: Promise<Fetched> | undefined;
      for (;;) {
        const { answer, fromOffset } = await (ahead ?? this.#fetch(offset, reading));
        const { nextOffset, highWatermark, lastStableOffset, logStartOffset } = answer;
        const atEnd = nextOffset >= (isolation === "read_committed" ? lastStableOffset : highWatermark);
        ahead = undefined;
        if (prefetch && !(stopAtEnd && atEnd)) {
          ahead = this.#fetch(nextOffset, reading);
          // Whether it failed is looked at when it is its turn, or never if the caller stops before.
          ahead.catch(() => undefined);
        }
        const records = decodeBatches(answer.batches, partition, fromOffset);
        yield { records, nextOffset, highWatermark, logStartOffset };
        if (stopAtEnd && atEnd) return;
        offset = nextOffset;
      }
    } finally {
      this.#signal?.removeEventListener("abort", abort);
      controller.abort();
      listener?.close();
    }
  }

  async #startOffset(abortSignal: AbortSignal): Promise<number> {
    const { topic, namespace, partition, from, isolation } = this.#configuration;
    if (typeof from === "number") return from;
    const names = { topic, namespace, partition, isolation };
    const at = typeof from === "string" ? from : from.timestamp;
    const found = await this.#patiently(new GetOffsetCommand({ ...names, at }), abortSignal);
    if (found.offset >= 0) return found.offset;
    // Nothing is as late as the timestamp: what comes next will be.
    return (await this.#patiently(new GetOffsetCommand({ ...names, at: "latest" }), abortSignal)).offset;
  }

  /** Hints in place of long polls, where the client has them and the caller waits for what is yet to come. */
  #listener(): HintListener | undefined {
    const { topic, namespace, partition, stopAtEnd, waitMs } = this.#configuration;
    if (stopAtEnd || waitMs === 0) return undefined;
    return this.#client.push?.listener({ kind: "partition", namespace, topic, partition });
  }

  async #fetch(offset: number, { listener, signal: abortSignal }: Reading): Promise<Fetched> {
    const { topic, namespace, partition, maxBytes, waitMs, isolation, stopAtEnd } = this.#configuration;
    const input = { topic, namespace, partition, maxBytes, isolation };
    let fromOffset = offset;
    for (let resets = 0; ; resets += 1) {
      try {
        const startedAtMs = performance.now();
        // Before the request: what comes after its answer is hinted.
        const listening = listener?.listening;
        const command = new FetchBatchesCommand({
          ...input,
          offset: fromOffset,
          waitMs: listening === undefined ? waitMs : 0,
        });
        const answer = await this.#patiently(command, abortSignal);
        if (answer.batches.length === 0) {
          listener?.want();
          if (listening !== undefined) await listener?.wait(listening, answer.nextOffset, abortSignal);
        }
        const pauseMs = emptyPauseMs - (performance.now() - startedAtMs);
        if (answer.batches.length === 0 && !stopAtEnd && pauseMs > 0) {
          await sleep(pauseMs, undefined, { signal: abortSignal });
        }
        return { answer, fromOffset };
      } catch (error) {
        const resetOffset = this.#resetOffset(error);
        if (resetOffset === undefined || resets === resetsMax) throw error;
        fromOffset = resetOffset;
        listener?.renew();
      }
    }
  }

  /** Where `reset` says to go on after OFFSET_OUT_OF_RANGE. */
  #resetOffset(error: unknown): number | undefined {
    const { reset, isolation } = this.#configuration;
    if (reset === "error" || !isServiceException(error, "OFFSET_OUT_OF_RANGE")) return undefined;
    const { details } = error;
    const end = isolation === "read_committed" ? "lastStableOffset" : "highWatermark";
    const resetOffset = details[reset === "earliest" ? "logStartOffset" : end];
    return typeof resetOffset === "number" ? resetOffset : undefined;
  }

  /** Sends a read until it succeeds, fails for good, or `giveUpAfterMs` is over. */
  async #patiently<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    abortSignal: AbortSignal,
  ): Promise<Output> {
    const startedAtMs = performance.now();
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await this.#client.send(command, { abortSignal });
      } catch (error) {
        const timeIsOver = performance.now() - startedAtMs >= this.#configuration.giveUpAfterMs;
        if (!(error instanceof StreamkeeperException) || !isTransient(error) || timeIsOver) throw error;
        await sleep(retryDelayMs(attempts, Math.random()), undefined, { signal: abortSignal });
      }
    }
  }
}
