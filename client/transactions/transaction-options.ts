import { entryPayloadBytesMax } from "../../shared/limits.ts";
import type { CompressionType } from "../../shared/record/compression-type.ts";
import { positive } from "../client-configuration.ts";

export interface TransactionalProducerOptions {
  /** Names the producer over restarts: who comes with the same one takes over, and ends what the one before left open. */
  readonly transactionalId: string;
  /** Default: the client's. */
  readonly namespace?: string;
  /** A transaction that is open for longer is aborted by the service. Default 60,000, as in Kafka. */
  readonly transactionTimeoutMs?: number;
  /** Default `none`. */
  readonly compressionType?: CompressionType;
  /** Size, before compression, of a batch. Default 256 KiB. */
  readonly batchBytes?: number;
  /** Requests under way at once; of each partition at most one. Default 16. */
  readonly maxInFlightRequests?: number;
  /** How long a request is sent again whose failure may pass. Default 120,000, as in Kafka. */
  readonly deliveryTimeoutMs?: number;
  /** Ends the producer. */
  readonly signal?: AbortSignal;
}

export interface TransactionConfiguration {
  readonly transactionalId: string;
  readonly namespace: string | undefined;
  readonly transactionTimeoutMs: number | undefined;
  readonly compressionType: CompressionType;
  readonly batchBytes: number;
  readonly maxInFlightRequests: number;
  readonly deliveryTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

const batchBytesDefault = 256 * 1024;
const maxInFlightRequestsDefault = 16;
const deliveryTimeoutMsDefault = 120_000;

/** Checks the options and fills in the defaults. @throws TypeError for an option that cannot be */
export function resolveTransactionOptions(options: TransactionalProducerOptions): TransactionConfiguration {
  const { transactionalId, transactionTimeoutMs } = options;
  if (transactionalId === "") throw new TypeError("transactionalId must not be empty");
  if (transactionTimeoutMs !== undefined) positive(transactionTimeoutMs, "transactionTimeoutMs");
  const batchBytes = positive(options.batchBytes ?? batchBytesDefault, "batchBytes");
  if (batchBytes > entryPayloadBytesMax) throw new TypeError(`batchBytes must be at most ${entryPayloadBytesMax}`);
  return {
    transactionalId,
    namespace: options.namespace,
    transactionTimeoutMs,
    compressionType: options.compressionType ?? "none",
    batchBytes,
    maxInFlightRequests: positive(options.maxInFlightRequests ?? maxInFlightRequestsDefault, "maxInFlightRequests"),
    deliveryTimeoutMs: positive(options.deliveryTimeoutMs ?? deliveryTimeoutMsDefault, "deliveryTimeoutMs"),
    signal: options.signal,
  };
}
