/** The item port on one DynamoDB table. */
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { StorageCorruptError } from "../errors.ts";
import type { Condition, Item, ItemChange, ItemKey, ItemPage, ItemStore, ItemWriteResult } from "../item-store.ts";
import type { AwsRequests } from "./aws-requests.ts";
import { type ConditionalAnswer, conditionally } from "./conditional.ts";
import { checkAttributesFit, decodeItem, encodeKey } from "./item-attributes.ts";
import { conditionExpressions, updateExpressions } from "./item-expressions.ts";

/** Sorts after every character that a key may hold. */
const lastCharacter = "\u{10ffff}";

export class DynamoDbItemStore implements ItemStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #requests: AwsRequests;
  /** Once the store has told the item of a failed condition, no item means that there is none. */
  #tellsExisting = false;

  constructor(options: { readonly client: DynamoDBClient; readonly table: string; readonly requests: AwsRequests }) {
    this.#client = options.client;
    this.#table = options.table;
    this.#requests = options.requests;
  }

  async get(key: ItemKey): Promise<Item | undefined> {
    const command = new GetItemCommand({ TableName: this.#table, Key: encodeKey(key), ConsistentRead: true });
    const output = await this.#requests.send("GetItem", "always", async () => await this.#client.send(command));
    return output.Item === undefined ? undefined : decodeItem(output.Item);
  }

  async update(key: ItemKey, change: ItemChange, conditions: readonly Condition[] = []): Promise<ItemWriteResult> {
    checkAttributesFit(change.set ?? {});
    const command = new UpdateItemCommand({
      TableName: this.#table,
      Key: encodeKey(key),
      ...updateExpressions(change, conditions),
      ReturnValues: "ALL_NEW",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    const answer = await this.#requests.send(
      "UpdateItem",
      "if-not-applied",
      async () => await conditionally(async () => await this.#client.send(command)),
    );
    if (!answer.met) return { applied: false, ...(await this.#existing(key, answer)) };
    if (answer.output.Attributes === undefined)
      throw new StorageCorruptError("an update was answered without its item");
    return { applied: true, item: decodeItem(answer.output.Attributes) };
  }

  async delete(
    key: ItemKey,
    conditions: readonly Condition[] = [],
  ): Promise<{ readonly applied: boolean; readonly existing?: Item }> {
    const command = new DeleteItemCommand({
      TableName: this.#table,
      Key: encodeKey(key),
      ...conditionExpressions(conditions),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    const answer = await this.#requests.send(
      "DeleteItem",
      "if-not-applied",
      async () => await conditionally(async () => await this.#client.send(command)),
    );
    return answer.met ? { applied: true } : { applied: false, ...(await this.#existing(key, answer)) };
  }

  async query(
    partition: string,
    options: { readonly prefix?: string; readonly after?: string; readonly limit: number },
  ): Promise<ItemPage> {
    const { prefix = "", after, limit } = options;
    const order = after === undefined ? 0 : compareToPrefix(after, prefix);
    if (order > 0) return { items: [] };
    const command = new QueryCommand({
      TableName: this.#table,
      ConsistentRead: true,
      // The same as begins_with, which dynoxide takes without regard to case.
      KeyConditionExpression: prefix === "" ? "pk=:pk" : "pk=:pk AND sk BETWEEN :first AND :last",
      ExpressionAttributeValues: {
        ":pk": { S: partition },
        ...(prefix === "" ? {} : { ":first": { S: prefix }, ":last": { S: prefix + lastCharacter } }),
      },
      // DynamoDB refuses a start key outside the range of the query; one before it would change nothing.
      ...(after === undefined || order < 0 ? {} : { ExclusiveStartKey: encodeKey({ partition, sort: after }) }),
      // One more than wanted tells whether more follows: DynamoDB gives a key to go on from even after the last item.
      Limit: limit + 1,
    });
    const output = await this.#requests.send("Query", "always", async () => await this.#client.send(command));
    const found = (output.Items ?? []).map(decodeItem);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const more = found.length > limit || output.LastEvaluatedKey !== undefined;
    return more && last !== undefined ? { items, next: last.key.sort } : { items };
  }

  /**
   * The item that made a condition fail. An emulator without ALL_OLD (dynalite) tells none, which on DynamoDB means that
   * there is none; until the store has shown what it can do, that costs one more read.
   */
  async #existing(key: ItemKey, answer: ConditionalAnswer<unknown> & { met: false }): Promise<{ existing?: Item }> {
    if (answer.existing !== undefined) {
      this.#tellsExisting = true;
      return { existing: decodeItem(answer.existing) };
    }
    const existing = this.#tellsExisting ? undefined : await this.get(key);
    return existing === undefined ? {} : { existing };
  }
}

/** 0 if `text` starts with `prefix`; else whether it sorts before (-1) or after (1) all that do, by UTF-8 bytes. */
function compareToPrefix(text: string, prefix: string): -1 | 0 | 1 {
  if (text.startsWith(prefix)) return 0;
  return Buffer.compare(Buffer.from(text), Buffer.from(prefix)) < 0 ? -1 : 1;
}
