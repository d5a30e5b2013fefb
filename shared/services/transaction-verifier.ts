import { ServiceError } from "../api/errors.ts";
import { findOwnerProblem, type TransactionRefusal } from "../transactions/plan-transaction.ts";
import { hasPartition, isSameProducer } from "../transactions/transaction-record.ts";
import { checkTransactionalId } from "./transaction-ids.ts";
import { withStorageErrors } from "./storage-errors.ts";
import type { TransactionItems } from "./transaction-items.ts";
import type { TransactionVerifier } from "./transactions.ts";

/**
 * Answers from what this process saw last: the open transaction may have ended since, and then the partition has its
 * marker, whose epoch keeps out what comes after it.
 */
export function transactionVerifier(items: TransactionItems): TransactionVerifier {
  return {
    verify: (producer) =>
      withStorageErrors(async () => {
        const { topicId, partition } = producer;
        // A gateway's clients name any text.
        checkTransactionalId(producer.transactionalId);
        const known = items.knownOpen(producer);
        if (known && isSameProducer(known.owner, producer) && hasPartition(known, topicId, partition)) return;
        const present = await items.read(producer);
        const refusal = findOwnerProblem(present, producer);
        if (present === undefined || refusal !== undefined) {
          throw transactionRefused(refusal ?? "INVALID_PRODUCER_ID_MAPPING");
        }
        if (present.state !== "Ongoing") throw transactionRefused("INVALID_TXN_STATE", "No transaction is open");
        if (hasPartition(present, topicId, partition)) return;
        throw transactionRefused("INVALID_TXN_STATE", `Partition ${partition} was not added to the transaction`);
      }),
  };
}

const messages: Readonly<Record<TransactionRefusal, string>> = {
  PRODUCER_FENCED: "The producer's epoch is not the present one: another has taken over, or the transaction timed out",
  INVALID_PRODUCER_ID_MAPPING: "The transactional id does not belong to this producer id",
  INVALID_TXN_STATE: "The transaction was ended the other way",
  CONCURRENT_TRANSACTIONS: "The transaction before is about to end; send the request again",
};

export function transactionRefused(refusal: TransactionRefusal, message = messages[refusal]): ServiceError {
  return new ServiceError(refusal, message);
}
