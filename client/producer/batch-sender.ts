import { setTimeout as sleep } from "node:timers/promises";

import { compress } from "../../shared/compression/compression.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import type { CommandSender } from "../command.ts";
import { CreateProducerCommand } from "../commands/create-producer-command.ts";
import type { CreateProducerOutput } from "../commands/create-producer-command.ts";
import { ProduceBatchesCommand } from "../commands/produce-batches-command.ts";
import type { ProduceBatchesOutput } from "../commands/produce-batches-command.ts";
import { StreamkeeperException, StreamkeeperServiceException } from "../exceptions.ts";
import { retryDelayMs } from "../middleware/retry-policy.ts";
import { verdictOn } from "./delivery-verdict.ts";
import type { DeliveryVerdict } from "./delivery-verdict.ts";
import type { PendingBatch } from "./pending-batch.ts";
import type { ProducerConfiguration } from "./producer-options.ts";

export type BatchOutcome =
  | { readonly kind: "acknowledged"; readonly answer: ProduceBatchesOutput }
  | Exclude<DeliveryVerdict, { readonly kind: "retry" }>;

/** Sequences go from 0 to 2^31-1 and then from 0 again (KIP-98). */
const sequences = 2 ** 31;

/** Sends batches, each until it is acknowledged, its time is over or it can never be; always with the same bytes. */
export class BatchSender {
  readonly #client: CommandSender;
  readonly #configuration: ProducerConfiguration;
  readonly #abortSignal: AbortSignal;
  readonly #nextSequences = new Map<number, number>();
  #identity: Promise<CreateProducerOutput> | undefined;

  constructor(client: CommandSender, configuration: ProducerConfiguration, abortSignal: AbortSignal) {
    this.#client = client;
    this.#configuration = configuration;
    this.#abortSignal = abortSignal;
  }

  /** Sends a batch; never two of the same partition at once. */
  async send(batch: PendingBatch): Promise<BatchOutcome> {
    const { topic, namespace, idempotent, deliveryTimeoutMs } = this.#configuration;
    const { partition } = batch;
    const idempotencyKey = idempotent ? undefined : crypto.randomUUID();
    let command: ProduceBatchesCommand | undefined;
    let maybeApplied = false;
    for (let attempts = 1; ; attempts += 1) {
      try {
        if (command === undefined) {
          const batches = await this.#encode(batch);
          command = new ProduceBatchesCommand({
            topic,
            namespace,
            partition,
            batches,
            idempotentProducer: idempotent,
            idempotencyKey,
          });
        }
        const answer = await this.#client.send(command, { abortSignal: this.#abortSignal, maxAttempts: 1 });
        this.#advance(batch);
        return { kind: "acknowledged", answer };
      } catch (error) {
        // An id that was not given out leaves nothing behind in the partition.
        maybeApplied ||= command !== undefined && error instanceof StreamkeeperException && !error.hasNoSideEffects();
        const timeIsOver = performance.now() - batch.createdAtMs >= deliveryTimeoutMs;
        const verdict = verdictOn({ error, topic, partition, idempotent, maybeApplied, timeIsOver });
        if (verdict.kind !== "retry") return verdict;
        await this.#backOff(attempts, error);
      }
    }
  }

  async #encode(batch: PendingBatch): Promise<Uint8Array> {
    const { compressionType, idempotent } = this.#configuration;
    const { records } = batch;
    if (!idempotent) return encodeBatch({ records, compressionType }, compress);
    const { producerId, producerEpoch } = await this.#identify();
    const baseSequence = this.#nextSequences.get(batch.partition) ?? 0;
    return encodeBatch({ records, compressionType, producerId, producerEpoch, baseSequence }, compress);
  }

  /** The sequence is used up only by a batch that was written. */
  #advance(batch: PendingBatch): void {
    const baseSequence = this.#nextSequences.get(batch.partition) ?? 0;
    this.#nextSequences.set(batch.partition, (baseSequence + batch.records.length) % sequences);
  }

  #identify(): Promise<CreateProducerOutput> {
    this.#identity ??= this.#createProducer();
    return this.#identity;
  }

  async #createProducer(): Promise<CreateProducerOutput> {
    const { namespace, topic } = this.#configuration;
    const command = new CreateProducerCommand({ namespace, topic });
    try {
      return await this.#client.send(command, { abortSignal: this.#abortSignal });
    } catch (error) {
      this.#identity = undefined;
      throw error;
    }
  }

  /** Ends early, without an error, when the producer does: the next request then fails at once. */
  async #backOff(attempts: number, error: unknown): Promise<void> {
    const retryAfterMs = error instanceof StreamkeeperServiceException ? error.retryAfterMs : undefined;
    const delayMs = retryDelayMs(attempts, Math.random(), retryAfterMs);
    try {
      await sleep(delayMs, undefined, { signal: this.#abortSignal });
    } catch (cause) {
      if (!this.#abortSignal.aborted) throw cause;
    }
  }
}
