import type { CompressionType } from "../../shared/record/compression-type.ts";
import { entryPayloadBytesMax } from "../../shared/limits.ts";
import { positive } from "../client-configuration.ts";

export interface ProducerOptions {
  readonly topic: string;
  /** Default: the client's. */
  readonly namespace?: string;
  /** Longest time that a record waits for others to share its batch. Default 5. */
  readonly lingerMs?: number;
  /** Size, before compression, at which a batch is full. A larger record makes a batch of its own. Default 256 KiB. */
  readonly batchBytes?: number;
  /** Default `none`. */
  readonly compressionType?: CompressionType;
  /** Number the batches, so that the service drops repeats and keeps the order. Default true. */
  readonly idempotent?: boolean;
  /** Records accepted and not yet acknowledged may hold so many bytes. Default 32 MiB, as Kafka's `buffer.memory`. */
  readonly maxBufferedBytes?: number;
  /** Requests under way at once; of each partition at most one. Default 16. */
  readonly maxInFlightRequests?: number;
  /** A batch fails that was not acknowledged after this time, retries included. Default 120,000, as in Kafka. */
  readonly deliveryTimeoutMs?: number;
  /** The topic is described again after this time, to see new partitions. Default 300,000, as in Kafka. */
  readonly metadataMaxAgeMs?: number;
  /** Ends the producer: what is not acknowledged by then fails. */
  readonly signal?: AbortSignal;
}

export interface ProducerConfiguration {
  readonly topic: string;
  readonly namespace: string | undefined;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly compressionType: CompressionType;
  readonly idempotent: boolean;
  readonly maxBufferedBytes: number;
  readonly maxInFlightRequests: number;
  readonly deliveryTimeoutMs: number;
  readonly metadataMaxAgeMs: number;
}

/**
 * Kafka's 16 KiB suits a connection that always has five requests on the way. Here a partition has one, and each is
 * billed: by reference 1 GiB costs $0.36 in batches of 16 KiB, $0.023 in batches of 256 KiB and $0.006 in batches of
 * 1 MiB. On the embedded store batches of 256 KiB carry about seven times what those of 16 KiB do, and four fifths of
 * what those of 1 MiB do, while a full buffer still holds 128 of them, for many partitions to share.
 */
const batchBytesDefault = 256 * 1024;
const lingerMsDefault = 5;
const maxBufferedBytesDefault = 32 * 1024 * 1024;
const maxInFlightRequestsDefault = 16;
const deliveryTimeoutMsDefault = 120_000;
const metadataMaxAgeMsDefault = 300_000;

/** Checks the options and fills in the defaults. @throws TypeError for an option that cannot be */
export function resolveProducerOptions(options: ProducerOptions): ProducerConfiguration {
  const batchBytes = positive(options.batchBytes ?? batchBytesDefault, "batchBytes");
  if (batchBytes > entryPayloadBytesMax) throw new TypeError(`batchBytes must be at most ${entryPayloadBytesMax}`);
  const lingerMs = options.lingerMs ?? lingerMsDefault;
  if (!Number.isFinite(lingerMs) || lingerMs < 0) throw new TypeError("lingerMs must be 0 or more");
  return {
    topic: options.topic,
    namespace: options.namespace,
    lingerMs,
    batchBytes,
    compressionType: options.compressionType ?? "none",
    idempotent: options.idempotent ?? true,
    maxBufferedBytes: positive(options.maxBufferedBytes ?? maxBufferedBytesDefault, "maxBufferedBytes"),
    maxInFlightRequests: positive(options.maxInFlightRequests ?? maxInFlightRequestsDefault, "maxInFlightRequests"),
    deliveryTimeoutMs: positive(options.deliveryTimeoutMs ?? deliveryTimeoutMsDefault, "deliveryTimeoutMs"),
    metadataMaxAgeMs: positive(options.metadataMaxAgeMs ?? metadataMaxAgeMsDefault, "metadataMaxAgeMs"),
  };
}
