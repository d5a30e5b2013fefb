/** Reads and checks the attribute values of a DynamoDB item. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { StorageCorruptError } from "../errors.ts";

export type StoredItem = Readonly<Record<string, AttributeValue>>;

const encoder = new TextEncoder();

/** @throws StorageCorruptError if the attribute is no string */
export function readString(item: StoredItem, name: string): string {
  const value = item[name]?.S;
  if (value === undefined) throw wrongType(item, name, "string");
  return value;
}

/** @throws StorageCorruptError if the attribute is no whole number from 0 to 2^53-1 */
export function readWhole(item: StoredItem, name: string): number {
  const text = item[name]?.N;
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw wrongType(item, name, "whole number");
  return value;
}

/** @throws StorageCorruptError if the attribute is not binary */
export function readBytes(item: StoredItem, name: string): Uint8Array {
  const value = item[name]?.B;
  if (value === undefined) throw wrongType(item, name, "binary");
  return value;
}

/** DynamoDB's TTL counts whole seconds; rounded up, so that nothing goes before its time. */
export function ttlSeconds(expiresAtMs: number): number {
  return Math.ceil(expiresAtMs / 1_000);
}

/** Bytes that a string takes in an item. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

function wrongType(item: StoredItem, name: string, type: string): StorageCorruptError {
  const key = `${JSON.stringify(item["pk"]?.S)} ${JSON.stringify(item["sk"]?.N ?? item["sk"]?.S)}`;
  return new StorageCorruptError(`item ${key}: attribute ${name} is no ${type}`);
}
