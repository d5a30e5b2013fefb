/** What a `TransactionalProducer` rejects with beside the exceptions of the client. */

/** Another producer has taken over the transactional id: this one can do nothing any more (Kafka's ProducerFencedException). */
export class ProducerFencedError extends Error {
  override readonly name = "ProducerFencedError";
}

/** The transaction can only be aborted: something that belongs to it failed, see `cause`. */
export class TransactionFailedError extends Error {
  override readonly name = "TransactionFailedError";
}

/** The transaction has ended, or another one is still open. */
export class TransactionStateError extends Error {
  override readonly name = "TransactionStateError";
}
