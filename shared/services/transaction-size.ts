import { ServiceError } from "../api/errors.ts";
import { transactionGroupsMax, transactionListCharsMax, transactionPartitionsMax } from "../limits/transactions.ts";
import type { Additions } from "../transactions/plan-transaction.ts";
import { countPartitions } from "../transactions/transaction-record.ts";

/** A partition's number, and its topic's id. */
const charsPerPartition = 40;

/** @throws ServiceError INVALID_REQUEST if the transaction grows beyond what one may have */
export function checkTransactionSize({ topics, groups }: Additions): void {
  const partitions = countPartitions({ topics });
  const chars = [...topics.map(({ topic }) => topic), ...groups].reduce((sum, { length }) => sum + length, 0);
  const isSmall =
    partitions <= transactionPartitionsMax &&
    groups.length <= transactionGroupsMax &&
    chars + partitions * charsPerPartition <= transactionListCharsMax;
  if (isSmall) return;
  throw new ServiceError("INVALID_REQUEST", "The transaction has too many partitions or groups", {
    details: { partitions, partitionsMax: transactionPartitionsMax, groupsMax: transactionGroupsMax },
  });
}
