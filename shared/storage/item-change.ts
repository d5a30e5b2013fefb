/** What conditions and changes of items mean, for the adapters whose store does not know them by itself. */
import type { AttributeValue, Attributes, Condition, Item, ItemChange, ItemKey } from "./item-store.ts";
import { compareUtf8 } from "./utf8-order.ts";

export function conditionsHold(item: Item | undefined, conditions: readonly Condition[]): boolean {
  return conditions.every((condition) => holds(item, condition));
}

function holds(item: Item | undefined, condition: Condition): boolean {
  switch (condition.kind) {
    case "absent":
      return item === undefined;
    case "exists":
      return item !== undefined;
    case "version":
      return item?.version === condition.version;
    case "attribute": {
      const found = item?.attributes[condition.name];
      if (found === undefined) return condition.orAbsent === true;
      const order = compareValues(found, condition.value);
      return order !== undefined && orderMatches(order, condition.op);
    }
  }
}

/** Values of different types are not ordered, nor equal. */
function compareValues(found: AttributeValue, value: string | number): number | undefined {
  if (typeof found === "number" && typeof value === "number") return found - value;
  if (typeof found === "string" && typeof value === "string") return compareUtf8(found, value);
  return undefined;
}

function orderMatches(order: number, op: "=" | "<" | "<=" | ">" | ">="): boolean {
  switch (op) {
    case "=":
      return order === 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/**
 * The item after a change; bytes are copied.
 *
 * @throws RangeError if a number is not finite, `add` meets something other than a number, or the change names an
 *   attribute twice
 */
export function changedItem(item: Item | undefined, key: ItemKey, change: ItemChange): Item {
  const attributes: Record<string, AttributeValue> = { ...item?.attributes };
  const named = [...Object.keys(change.set ?? {}), ...Object.keys(change.add ?? {}), ...(change.remove ?? [])];
  if (new Set(named).size !== named.length)
    throw new RangeError(`a change names an attribute twice: ${named.join(", ")}`);
  for (const name of change.remove ?? []) delete attributes[name];
  for (const [name, value] of Object.entries(change.set ?? {})) attributes[name] = checkedValue(name, value);
  for (const [name, addend] of Object.entries(change.add ?? {})) {
    const before = attributes[name] ?? 0;
    if (typeof before !== "number") throw new RangeError(`attribute ${name} is not a number`);
    attributes[name] = checkedValue(name, before + addend);
  }
  return { key: { partition: key.partition, sort: key.sort }, version: (item?.version ?? 0) + 1, attributes };
}

/** A copy that shares no bytes with `attributes`. */
export function copyAttributes(attributes: Attributes): Attributes {
  const copy: Record<string, AttributeValue> = { ...attributes };
  for (const [name, value] of Object.entries(copy)) {
    if (value instanceof Uint8Array) copy[name] = new Uint8Array(value);
  }
  return copy;
}

function checkedValue(name: string, value: AttributeValue): AttributeValue {
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`attribute ${name} is ${value}`);
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
}
