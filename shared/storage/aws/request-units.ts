/** DynamoDB's rules for what a request is billed. Units of reads come with every answer; these are for what is not told. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { type StoredItem, utf8Bytes } from "./stored-values.ts";

const writeUnitBytes = 1_024;

/** Write request units for an item of this size. */
export function writeUnits(itemBytes: number): number {
  return Math.max(1, Math.ceil(itemBytes / writeUnitBytes));
}

/**
 * Write request units of a put or an update whose condition failed. No answer tells them: the larger of the item that is there
 * and of the one that was to be put is billed, and 1 unit at least.
 */
export function failedWriteUnits(existing: StoredItem | undefined, put: StoredItem | undefined): number {
  return writeUnits(Math.max(existing === undefined ? 0 : itemBytes(existing), put === undefined ? 0 : itemBytes(put)));
}

/** What DynamoDB counts as the size of an item: names and values. */
export function itemBytes(item: StoredItem): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + utf8Bytes(name) + valueBytes(value), 0);
}

/** Of the types that this adapter stores. */
function valueBytes({ S, N, B, BOOL }: AttributeValue): number {
  if (S !== undefined) return utf8Bytes(S);
  if (N !== undefined) return numberBytes(N);
  if (B !== undefined) return B.length;
  return BOOL === undefined ? 0 : 1;
}

/** A byte for two significant digits, one for the exponent, and one for a sign. */
function numberBytes(text: string): number {
  const [mantissa = ""] = text.toLowerCase().split("e");
  const digits = mantissa.replace(/[-.]/g, "").replace(/^0+/, "").replace(/0+$/, "");
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}
