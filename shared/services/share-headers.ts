/** What a dead letter says of itself (KIP-1191), and how a record looks that is sent back. */
import type { DeadRecord } from "../groups/share-decisions.ts";
import type { FetchedRecord, ProduceRecord, RecordHeader } from "./services.ts";

const prefix = "__dlq.errors.";
const names = ["topic", "partition", "offset", "group", "delivery.count", "message"] as const;
const redrivesHeader = "__redrive.count";
const utf8 = new TextEncoder();
const text = new TextDecoder("utf-8", { fatal: true });
const textHeaders: ReadonlySet<string> = new Set([...names.map((name) => prefix + name), redrivesHeader]);

export interface DeadOrigin {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly dead: DeadRecord;
  /** The dead-letter topic does not take what the record holds. */
  readonly withoutContent?: boolean;
}

/** To stand behind the record's own headers: one that died before, elsewhere, keeps what was said of it then. */
export function deadLetterHeaders({ group, topic, partition, dead, withoutContent }: DeadOrigin): RecordHeader[] {
  const cause = dead.cause === "rejected" ? "The record was rejected" : "The record was delivered too often";
  const message = withoutContent === true ? `${cause}; it is too large for this topic` : cause;
  const said = {
    topic,
    partition: String(partition),
    offset: String(dead.offset),
    group,
    "delivery.count": String(dead.deliveryCount),
    message,
  };
  return names.map((name) => ({ key: prefix + name, value: utf8.encode(said[name]) }));
}

export interface Redriven {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  /** Without a place of its own: it goes to `partition`. */
  readonly record: Omit<ProduceRecord, "partition" | "timestamp">;
}

/** The record that a dead letter was, one redrive later; undefined for what is not a dead letter, or not its content. */
export function redrivenRecord({ key, value, headers }: FetchedRecord): Redriven | undefined {
  const said = new Map<string, string>();
  headers.forEach((header) => {
    const value = textOf(header);
    if (value !== undefined) said.set(header.key, value);
  });
  const [topic, group] = [said.get(`${prefix}topic`), said.get(`${prefix}group`)];
  const [partition, offset] = [Number(said.get(`${prefix}partition`)), Number(said.get(`${prefix}offset`))];
  if (topic === undefined || group === undefined || !isNumber(partition) || !isNumber(offset)) return undefined;
  // Of a letter without content nothing can be sent back.
  if (said.get(`${prefix}message`)?.endsWith("too large for this topic") === true) return undefined;
  const redrives = Number(said.get(redrivesHeader) ?? 0);
  const count = { key: redrivesHeader, value: utf8.encode(String((isNumber(redrives) ? redrives : 0) + 1)) };
  const kept = withoutLast(headers).filter((header) => header.key !== redrivesHeader);
  return { group, topic, partition, record: { key, value, headers: [...kept, count] } };
}

/** Takes away what was added last, not what an earlier death elsewhere has left. */
function withoutLast(headers: readonly RecordHeader[]): readonly RecordHeader[] {
  const added = new Set(names.map((name) => headers.findLastIndex(({ key }) => key === prefix + name)));
  return headers.filter((_, index) => !added.has(index));
}

function textOf({ key, value }: RecordHeader): string | undefined {
  if (value === null || !textHeaders.has(key)) return undefined;
  try {
    return text.decode(value);
  } catch {
    return undefined;
  }
}

function isNumber(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
