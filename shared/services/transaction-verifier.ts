import { ServiceError } from "../api/errors.ts";
import { findOwnerProblem, isAskedBefore, type TransactionRefusal } from "../transactions/plan-transaction.ts";
import { actingAs, hasPartition, isSameProducer, type TransactionRecord } from "../transactions/transaction-record.ts";
import { checkTransactionalId, isAtomicId } from "./transaction-ids.ts";
import { withStorageErrors } from "./storage-errors.ts";
import type { TransactionItems } from "./transaction-items.ts";
import type { TransactionVerifier, VerifiedProducer } from "./transactions.ts";

/**
 * Answers from what this process saw last: the open transaction may have ended since, and then the partition has its
 * marker, whose epoch keeps out what comes after it.
 *
 * A client that keeps its epoch may be in its next transaction by then. What is kept out is verified again, for that one:
 * the partition's marker came before it could begin.
 */
export function transactionVerifier(items: TransactionItems): TransactionVerifier {
  return {
    verify: (producer) =>
      withStorageErrors(async () => {
        const { topicId, partition, askedAtMs = Infinity, isAgain = false } = producer;
        // A gateway's clients name any text; writes in one call have ids that no client can name.
        if (!isAtomicId(producer.transactionalId)) checkTransactionalId(producer.transactionalId);
        const known = isAgain ? undefined : items.knownOpen(producer);
        const isOwner = known !== undefined && isSameProducer(known.owner, actingAs(known, producer));
        const isKnown = isOwner && !isAskedBefore(known, askedAtMs);
        if (isKnown && hasPartition(known, topicId, partition)) return verified(known, true);
        const present = await items.read(producer);
        const refusal = findOwnerProblem(present, actingAs(present, producer));
        if (present === undefined || refusal !== undefined) {
          throw transactionRefused(refusal ?? "INVALID_PRODUCER_ID_MAPPING");
        }
        if (present.state !== "Ongoing") throw transactionRefused("INVALID_TXN_STATE", "The transaction is not open");
        if (isAskedBefore(present, askedAtMs)) throw askedBefore();
        if (hasPartition(present, topicId, partition)) return verified(present, false);
        throw transactionRefused("INVALID_TXN_STATE", `Partition ${partition} was not added to the transaction`);
      }),
  };
}

function verified({ owner, clientEpoch }: TransactionRecord, isRemembered: boolean): VerifiedProducer {
  const { producerEpoch } = owner;
  return { producerEpoch, sequencesSince: clientEpoch ?? producerEpoch, isRemembered };
}

const messages: Readonly<Record<TransactionRefusal, string>> = {
  PRODUCER_FENCED: "The producer's epoch is not the present one: another has taken over, or the transaction timed out",
  INVALID_PRODUCER_ID_MAPPING: "The transactional id does not belong to this producer id",
  INVALID_TXN_STATE: "The transaction was ended the other way",
  CONCURRENT_TRANSACTIONS: "The transaction before is about to end; send the request again",
};

/**
 * Who gave it up does not hear of it. Who still waits sends it again: then a clock is behind that of the process in which the
 * transaction began, and this must not be for good.
 */
export function askedBefore(): ServiceError {
  return transactionRefused("CONCURRENT_TRANSACTIONS", "It was asked for before the transaction began; send it again");
}

export function transactionRefused(refusal: TransactionRefusal, message = messages[refusal]): ServiceError {
  return new ServiceError(refusal, message);
}
