/** What a `Producer` rejects with beside the exceptions of the client. */

/** The buffer stayed full while too many callers already waited for room in it. */
export class BufferFullError extends Error {
  override readonly name = "BufferFullError";
}

/** The producer was closed before the record was handed over. */
export class ProducerClosedError extends Error {
  override readonly name = "ProducerClosedError";

  constructor() {
    super("the producer is closed");
  }
}

/**
 * The producer can go on no longer without breaking its promise that each record is written once, in order. What was not
 * acknowledged may or may not have been written: look at the partitions, then begin anew with another producer. As
 * Kafka's OutOfOrderSequenceException and ProducerFencedException (KIP-98).
 */
export class ProducerFatalError extends Error {
  override readonly name = "ProducerFatalError";
}

/** Records given to `enqueue` were not written; `cause` is the first failure. */
export class DeliveryError extends Error {
  override readonly name = "DeliveryError";
  /** Records that failed since the last `flush`. */
  readonly failedRecords: number;

  constructor(failedRecords: number, cause: unknown) {
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(`${failedRecords} record${failedRecords === 1 ? "" : "s"} not delivered: ${reason}`, { cause });
    this.failedRecords = failedRecords;
  }
}
