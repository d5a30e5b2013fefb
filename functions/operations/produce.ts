import { operations } from "../../shared/api/operations/produce.ts";
import type { CreateProducerAnswer, ProduceAnswer } from "../../shared/api/schemas/produce.ts";
import { requestBodyBytesMax } from "../../shared/limits.ts";
import { recordResultBytes } from "../../shared/limits/contention.ts";
import type { ProduceResult, Services } from "../../shared/services/services.ts";
import { checkTransactionalId } from "../../shared/services/transaction-ids.ts";
import { jsonAnswer, partErrorOf } from "../http/answer.ts";
import { bytesOf } from "../http/body.ts";
import type { HttpAnswer, RoutedRequest } from "../http/event.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { contentKind } from "../http/media-type.ts";
import { checkedParams, checkedQuery, idempotencyOf, serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";
import { checkRecordCount, parsePartitionProduceBody, parseProduceBody } from "../records/produced-records.ts";

const { jsonOperation, jsonOperationWith } = serving(operations);

/** Appending to partitions, deleting their beginning, and ids for producers. */
export function produceOperations(
  services: Pick<Services, "produce" | "producers" | "transactions" | "truncate">,
): readonly ServedOperation[] {
  const { produce, producers, transactions, truncate } = services;
  return [
    jsonOperationWith(
      "produce",
      parseProduceBody,
      requestBodyBytesMax,
      async ({ params, body, idempotency, routed }) => {
        checkResultsFit(body.length, routed);
        const results = await produce.produce({ ...params, records: body, ...idempotency });
        return { results: results.map(resultAnswer) };
      },
    ),
    produceToPartition(services),
    jsonOperation("truncate", async ({ params, body }) => {
      const { namespace, topic, partition } = params;
      const { logStartOffset } = await truncate.truncate(namespace, topic, partition, body.beforeOffset);
      return { logStartOffset };
    }),
    jsonOperation("createProducer", async ({ params, body }): Promise<CreateProducerAnswer> => {
      const { transactionalId, ...timeout } = body;
      if (transactionalId === undefined && timeout.timeoutMs !== undefined) {
        throw invalidRequest("body", "timeoutMs", "is that of a transactionalId, which is missing");
      }
      const { producerId, producerEpoch } =
        transactionalId === undefined
          ? await producers.allocate(params.namespace)
          : await transactions.init({ ...params, transactionalId, ...timeout });
      return { producerId: producerId.toString(), producerEpoch };
    }),
    jsonOperation("createTopicProducer", async ({ params }) => {
      const { producerId, producerEpoch } = await producers.allocate(params.namespace);
      return { producerId: producerId.toString(), producerEpoch };
    }),
  ];
}

/** One route for records as JSON and for record batches; the body's type decides. */
function produceToPartition(services: Pick<Services, "produce">): ServedOperation {
  const { produce } = services;
  const json = jsonOperationWith(
    "produceToPartition",
    parsePartitionProduceBody,
    requestBodyBytesMax,
    async ({ params, body, idempotency, routed }) => {
      checkId(body.transactionalId);
      checkResultsFit(body.records.length, routed);
      const { baseOffset, timestamps } = await produce.produceRecords({ ...params, ...body, ...idempotency });
      const { partition } = params;
      return { results: timestamps.map((timestamp, index) => ({ partition, offset: baseOffset + index, timestamp })) };
    },
  );
  return {
    id: "produceToPartition",
    async serve(routed) {
      const kind = contentKind(routed.headers, ["json", "batches"]);
      return kind === "json" ? json.serve(routed) : produceBatches(services, routed);
    },
  };
}

async function produceBatches({ produce }: Pick<Services, "produce">, routed: RoutedRequest): Promise<HttpAnswer> {
  const { status, batches } = operations.produceToPartition;
  const params = checkedParams(operations.produceToPartition, routed);
  const { transactionalId, ...conditions } = checkedQuery(batches.query, routed);
  checkId(transactionalId);
  const bytes = bytesOf(routed.body);
  const idempotency = idempotencyOf(operations.produceToPartition, routed);
  const { baseOffset, appendedAtMs } = await produce.produceBatches({
    ...params,
    bytes,
    conditions,
    ...(transactionalId === undefined ? {} : { transactionalId }),
    ...idempotency,
  });
  return jsonAnswer(status, { baseOffset, appendedAtMs });
}

/** The service writes under ids of its own as well, which nobody else is to name. */
function checkId(transactionalId: string | undefined): void {
  if (transactionalId !== undefined) checkTransactionalId(transactionalId);
}

/** Before they are written: afterwards nobody would be told where. @throws ServiceError RECORD_LIST_TOO_LARGE */
function checkResultsFit(records: number, { answerBytesMax }: RoutedRequest): void {
  checkRecordCount(records, Math.floor(answerBytesMax / recordResultBytes));
}

function resultAnswer(result: ProduceResult): ProduceAnswer["results"][number] {
  if ("error" in result) return { partition: result.partition, error: partErrorOf(result.error) };
  const { partition, offset, timestamp } = result;
  return { partition, offset, timestamp };
}
