/** Builds DynamoDB's expressions from the conditions and the change of the item port. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { dynamoDbExpressionBytesMax } from "../../limits.ts";
import type { AttributeValue as PortValue, Condition, ItemChange } from "../item-store.ts";
import { encodeValue, expiryAttribute, storedName, versionAttribute } from "./item-attributes.ts";
import { ttlAttribute } from "./log-entry-item.ts";
import { ttlSeconds } from "./stored-values.ts";

/** The fields that go into a command; DynamoDB refuses maps that are empty, so they are absent then. */
export interface Expressions {
  readonly UpdateExpression?: string;
  readonly ConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
}

/** @throws RangeError if an attribute is changed twice, a value cannot be stored, or the change is too large for one request */
export function updateExpressions(change: ItemChange, conditions: readonly Condition[]): Expressions {
  checkOnce(change);
  const terms = new Terms();
  const sets = Object.entries(change.set ?? {}).map(([name, value]) => assignment(terms, storedName(name), value));
  if (change.expiresAtMs !== undefined) {
    sets.push(assignment(terms, expiryAttribute, change.expiresAtMs));
    sets.push(assignment(terms, ttlAttribute, ttlSeconds(change.expiresAtMs)));
  }
  const adds = [`${terms.name(versionAttribute)} ${terms.value(1)}`];
  for (const [name, by] of Object.entries(change.add ?? {})) {
    adds.push(`${terms.name(storedName(name))} ${terms.value(by)}`);
  }
  const removes = (change.remove ?? []).map((name) => terms.name(storedName(name)));
  const clauses = [`ADD ${adds.join(",")}`];
  if (sets.length > 0) clauses.push(`SET ${sets.join(",")}`);
  if (removes.length > 0) clauses.push(`REMOVE ${removes.join(",")}`);
  const update = bounded(clauses.join(" "));
  return { UpdateExpression: update, ...conditionFields(conditions, terms), ...terms.fields() };
}

/** @throws RangeError if a value cannot be compared or the conditions are too many for one request */
export function conditionExpressions(conditions: readonly Condition[]): Expressions {
  const terms = new Terms();
  return { ...conditionFields(conditions, terms), ...terms.fields() };
}

function assignment(terms: Terms, name: string, value: PortValue): string {
  return `${terms.name(name)}=${terms.value(value)}`;
}

function conditionFields(conditions: readonly Condition[], terms: Terms): Expressions {
  if (conditions.length === 0) return {};
  return { ConditionExpression: bounded(conditions.map((condition) => test(condition, terms)).join(" AND ")) };
}

function test(condition: Condition, terms: Terms): string {
  switch (condition.kind) {
    case "absent":
      return "attribute_not_exists(pk)";
    case "exists":
      return "attribute_exists(pk)";
    case "version":
      return `${terms.name(versionAttribute)}=${terms.value(condition.version)}`;
    case "attribute": {
      const name = terms.name(storedName(condition.name));
      // A comparison with an attribute that is missing, or of another type, is false.
      const comparison = `${name}${condition.op}${terms.value(condition.value)}`;
      return condition.orAbsent === true ? `(attribute_not_exists(${name}) OR ${comparison})` : comparison;
    }
  }
}

function checkOnce(change: ItemChange): void {
  const names = [...Object.keys(change.set ?? {}), ...Object.keys(change.add ?? {}), ...(change.remove ?? [])];
  if (new Set(names).size < names.length) throw new RangeError(`an attribute is changed twice: ${names.join(", ")}`);
}

function bounded(expression: string): string {
  if (expression.length <= dynamoDbExpressionBytesMax) return expression;
  throw new RangeError(`too many attributes for one request: the expression has ${expression.length} bytes`);
}

/** Stand-ins for names and values, as short as they can be: an expression has 4 KB for all of them. */
class Terms {
  readonly #names = new Map<string, string>();
  readonly #values: Record<string, AttributeValue> = {};
  #valueCount = 0;

  name(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const term = `#${this.#names.size.toString(36)}`;
    this.#names.set(name, term);
    return term;
  }

  value(value: PortValue): string {
    const term = `:${this.#valueCount.toString(36)}`;
    this.#valueCount += 1;
    this.#values[term] = encodeValue(value);
    return term;
  }

  fields(): Expressions {
    const names = Object.fromEntries([...this.#names].map(([name, term]) => [term, name]));
    return {
      ...(this.#names.size === 0 ? {} : { ExpressionAttributeNames: names }),
      ...(this.#valueCount === 0 ? {} : { ExpressionAttributeValues: this.#values }),
    };
  }
}
