import { operations } from "../../shared/api/operations/transactions.ts";
import type { DescribeTransactionAnswer, EndTransactionAnswer } from "../../shared/api/schemas/transactions.ts";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import type { Services } from "../../shared/services/services.ts";
import type { TransactionDescription } from "../../shared/services/transactions.ts";
import { type ApiRequest, serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";
import { parseAtomicBody } from "../records/atomic-body.ts";
import { checkCommitter, topicPartitionsAnswer } from "../records/group-requests.ts";

const { jsonOperation, jsonOperationWith } = serving(operations);

/** Transactions, step by step and in one call. */
export function transactionsOperations({ transactions }: Pick<Services, "transactions">): readonly ServedOperation[] {
  const end = async (request: EndRequest, commit: boolean): Promise<EndTransactionAnswer> => {
    const { producerId, producerEpoch } = await transactions.end({ ...producerOf(request), commit });
    return { producerId: producerId.toString(), producerEpoch };
  };
  return [
    jsonOperationWith(
      "writeAtomically",
      parseAtomicBody,
      requestBodyBytesMax,
      async ({ params, body, idempotency }) => {
        const { results } = await transactions.execute({ ...params, ...body, ...idempotency });
        return { results: [...results] };
      },
    ),
    jsonOperation("listTransactions", async ({ params, query }) => {
      const { items, nextToken } = await transactions.list(params.namespace, query);
      return { transactions: items.map(transactionAnswer), nextToken };
    }),
    jsonOperation("describeTransaction", async ({ params }) => transactionAnswer(await transactions.describe(params))),
    jsonOperation("addPartitionsToTransaction", async (request) => {
      await transactions.addPartitions({ ...producerOf(request), partitions: request.body.partitions });
    }),
    jsonOperation("addOffsetsToTransaction", async (request) => {
      checkCommitter(request.body);
      await transactions.addOffsets({ ...request.body, ...producerOf(request) });
    }),
    jsonOperation("commitTransaction", (request) => end(request, true)),
    jsonOperation("abortTransaction", (request) => end(request, false)),
  ];
}

type EndRequest = Pick<ApiRequest<"commitTransaction">, "params" | "body">;

function producerOf({ params, body }: EndRequest) {
  return { ...params, producerId: BigInt(body.producerId), producerEpoch: body.producerEpoch };
}

function transactionAnswer(transaction: TransactionDescription): DescribeTransactionAnswer {
  return {
    ...transaction,
    producerId: transaction.producerId.toString(),
    partitions: transaction.partitions.map(topicPartitionsAnswer),
    groups: [...transaction.groups],
  };
}
