/**
 * The log port on one DynamoDB table: log id as partition key, position as numeric sort key.
 *
 *     writer A   put-if-absent at 7 ── attribute_not_exists(pk) holds ──► item (log, 7) is written to three zones ──► won
 *     writer B   put-if-absent at 7 ── fails, ALL_OLD gives A's entry ──► lost: B goes on at A's `next`, with no read
 *
 * The condition is checked against the item of the very key that is put, so `attribute_not_exists(pk)` means "no entry at
 * this position". An emulator without ALL_OLD answers "lost" without the entry; the caller then reads it.
 */
import {
  BatchWriteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  type QueryCommandInput,
  type QueryCommandOutput,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { awsAttemptsMax, dynamoDbBatchWritesMax } from "../../limits.ts";
import { StorageThrottledError, StorageUnavailableError } from "../errors.ts";
import type { LogEntry, LogId, LogRange, LogStore, PutIfAbsentResult, ReadLimits } from "../log-store.ts";
import type { AwsRequests } from "./aws-requests.ts";
import { conditionally } from "./conditional.ts";
import { countedBytes, decodeLogEntry, encodeLogEntry } from "./log-entry-item.ts";
import { type StoredItem, readWhole } from "./stored-values.ts";

const positionIsFree = "attribute_not_exists(pk)";

export class DynamoDbLogStore implements LogStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #requests: AwsRequests;

  constructor(options: { readonly client: DynamoDBClient; readonly table: string; readonly requests: AwsRequests }) {
    this.#client = options.client;
    this.#table = options.table;
    this.#requests = options.requests;
  }

  async putIfAbsent(entry: LogEntry, maySend?: () => boolean): Promise<PutIfAbsentResult> {
    const command = new PutItemCommand({
      TableName: this.#table,
      Item: encodeLogEntry(entry),
      ConditionExpression: positionIsFree,
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    if (maySend !== undefined) askBeforeSending(command, maySend);
    // Sent once: the core puts the entry again, because only it can tell its own entry (by the attempt id) from another's.
    const answer = await this.#requests.send(
      "PutItem",
      "never",
      async () => await conditionally(async () => await this.#client.send(command)),
    );
    if (answer.met) return { won: true };
    if (answer.existing === undefined) return { won: false };
    return { won: false, existing: decodeLogEntry(answer.existing, entry.logId) };
  }

  async readFrom(logId: LogId, position: number, limits: ReadLimits): Promise<LogRange> {
    const output = await this.#query(logId, {
      KeyConditionExpression: "pk = :log AND sk >= :position",
      ExpressionAttributeValues: { ":log": { S: logId }, ":position": { N: String(position) } },
      // One more than wanted tells whether more follows: DynamoDB gives a key to go on from even after the last item.
      Limit: limits.entriesMax + 1,
    });
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (const item of output.Items ?? []) {
      const entry = decodeLogEntry(item, logId);
      bytes += countedBytes(entry);
      if (entries.length === limits.entriesMax) return { entries, more: true };
      if (entries.length > 0 && bytes > limits.bytesMax) return { entries, more: true };
      entries.push(entry);
    }
    // DynamoDB ends a page at 1 MB by itself.
    return { entries, more: output.LastEvaluatedKey !== undefined };
  }

  async readLast(logId: LogId): Promise<LogEntry | undefined> {
    const output = await this.#query(logId, {
      KeyConditionExpression: "pk = :log",
      ExpressionAttributeValues: { ":log": { S: logId } },
      ScanIndexForward: false,
      Limit: 1,
    });
    const item = output.Items?.[0];
    return item === undefined ? undefined : decodeLogEntry(item, logId);
  }

  async readAt(logId: LogId, position: number): Promise<LogEntry | undefined> {
    const output = await this.#query(logId, {
      KeyConditionExpression: "pk = :log AND sk <= :position",
      ExpressionAttributeValues: { ":log": { S: logId }, ":position": { N: String(position) } },
      ScanIndexForward: false,
      Limit: 1,
    });
    const item = output.Items?.[0];
    return item === undefined ? undefined : decodeLogEntry(item, logId);
  }

  async trim(logId: LogId, position: number, entriesMax: number): Promise<number> {
    let deleted = 0;
    // Each round but the last deletes at least one entry, so there are at most `entriesMax` of them.
    while (deleted < entriesMax) {
      const output = await this.#query(logId, {
        KeyConditionExpression: "pk = :log AND sk < :position",
        ExpressionAttributeValues: { ":log": { S: logId }, ":position": { N: String(position) } },
        ProjectionExpression: "pk, sk, n",
        Limit: entriesMax - deleted,
      });
      const items = output.Items ?? [];
      // The last entry before `position` may reach beyond it.
      const whole = items.filter((item) => readWhole(item, "n") <= position);
      for (let start = 0; start < whole.length; start += dynamoDbBatchWritesMax) {
        await this.#deleteAll(whole.slice(start, start + dynamoDbBatchWritesMax));
      }
      deleted += whole.length;
      if (whole.length === 0 || whole.length < items.length || output.LastEvaluatedKey === undefined) break;
    }
    return deleted;
  }

  async #query(
    logId: LogId,
    input: Omit<QueryCommandInput, "TableName" | "ConsistentRead">,
  ): Promise<QueryCommandOutput> {
    const command = new QueryCommand({ TableName: this.#table, ConsistentRead: true, ...input });
    return await this.#requests.send(`Query of ${logId}`, "always", async () => await this.#client.send(command));
  }

  /** Deletes one batch in full, before the next begins: what is deleted is always the start of the log. */
  async #deleteAll(items: readonly StoredItem[]): Promise<void> {
    let left: WriteRequest[] = items.map(({ pk, sk }) => ({ DeleteRequest: { Key: { pk, sk } as StoredItem } }));
    for (let attempt = 1; attempt <= awsAttemptsMax; attempt += 1) {
      const command = new BatchWriteItemCommand({ RequestItems: { [this.#table]: left } });
      const output = await this.#requests.send(
        "BatchWriteItem",
        "always",
        async () => await this.#client.send(command),
      );
      left = output.UnprocessedItems?.[this.#table] ?? [];
      if (left.length === 0) return;
      await this.#requests.pause(attempt);
    }
    throw new StorageThrottledError(`BatchWriteItem left ${left.length} of ${items.length} entries`);
  }
}

/**
 * Asks at the last step before the request leaves: a container may have been frozen while credentials were fetched. What
 * is frozen after this step carries a signature that DynamoDB refuses 15 minutes later.
 */
function askBeforeSending(command: PutItemCommand, maySend: () => boolean): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      if (!maySend()) throw new StorageUnavailableError("PutItem was not sent: what it rests on is too old");
      return await next(args);
    },
    { step: "finalizeRequest", priority: "low", name: "askBeforeSending" },
  );
}
