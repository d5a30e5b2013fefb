import type { PartitionRecord } from "../shared/api/schemas/produce.ts";
import { toWireOrNull } from "./record-bytes.ts";
import type { RecordBytes } from "./record-bytes.ts";

/** Headers of a record: an object, or a list where a key repeats or the order matters. */
export type ProducedHeaders =
  | Readonly<Record<string, RecordBytes | null>>
  | readonly { readonly key: string; readonly value: RecordBytes | null }[];

/** A record to be produced. */
export interface ProducedRecord {
  /** Records with the same key go to the same partition. Null is as none. */
  readonly key?: RecordBytes | null;
  /** Null is a tombstone. */
  readonly value: RecordBytes | null;
  readonly headers?: ProducedHeaders;
  /** Else by murmur2 of the key; without a key, any. */
  readonly partition?: number;
  /** Ms since the epoch; else the clock where the batch is made. */
  readonly timestamp?: number;
}

/** Headers as the list that they are in Kafka. */
export function headerList(
  headers: ProducedHeaders | undefined,
): readonly { readonly key: string; readonly value: RecordBytes | null }[] {
  if (headers === undefined) return [];
  if (isList(headers)) return headers;
  return Object.entries(headers).map(([key, value]) => ({ key, value }));
}

/** A record as JSON carries it, without its partition. */
export function toWireRecord(record: Omit<ProducedRecord, "partition">): PartitionRecord {
  const { key, value, headers, timestamp } = record;
  return {
    ...(key === undefined ? {} : { key: toWireOrNull(key) }),
    value: toWireOrNull(value),
    ...(headers === undefined
      ? {}
      : { headers: headerList(headers).map((header) => ({ key: header.key, value: toWireOrNull(header.value) })) }),
    ...(timestamp === undefined ? {} : { timestamp }),
  };
}

function isList(headers: ProducedHeaders): headers is Extract<ProducedHeaders, readonly unknown[]> {
  return Array.isArray(headers);
}
