import type { ReadRecord } from "../../client/index.ts";
import { unescapeBytes } from "./escapes.ts";
import { CommandError } from "../command-error.ts";

/** Writes one record. */
export type RecordFormatter = (record: ReadRecord, topic: string) => Buffer;

export interface RecordFormatOptions {
  /** kcat's `-f`. */
  readonly format?: string;
  readonly json?: boolean;
  /** Written behind each record where there is no format. */
  readonly delimiter: string;
  /** Written between key and value; without it the key is not written. */
  readonly keyDelimiter?: string;
  /** Write `NULL` for what is null. */
  readonly showNull?: boolean;
}

type Token = Buffer | ((record: ReadRecord, topic: string) => Buffer | string);

/**
 * The formatter that the options describe.
 *
 * @throws CommandError for a format token that kcat does not have
 */
export function recordFormatter(options: RecordFormatOptions): RecordFormatter {
  if (options.json === true) return (record, topic) => Buffer.from(`${JSON.stringify(envelope(record, topic))}\n`);
  const nullBytes = Buffer.from(options.showNull === true ? "NULL" : "");
  const tokens =
    options.format === undefined ? defaultTokens(options, nullBytes) : parseFormat(options.format, nullBytes);
  return (record, topic) => {
    const parts = tokens.map((token) => {
      const part = typeof token === "function" ? token(record, topic) : token;
      return typeof part === "string" ? Buffer.from(part) : part;
    });
    return parts.length === 1 ? (parts[0] ?? nullBytes) : Buffer.concat(parts);
  };
}

function defaultTokens({ delimiter, keyDelimiter }: RecordFormatOptions, nullBytes: Buffer): Token[] {
  const end = unescapeBytes(delimiter);
  const value: Token = (record) => bytesOr(record.value, nullBytes);
  if (keyDelimiter === undefined) return [value, end];
  return [(record) => bytesOr(record.key, nullBytes), unescapeBytes(keyDelimiter), value, end];
}

function parseFormat(format: string, nullBytes: Buffer): Token[] {
  const tokens: Token[] = [];
  for (const [piece, letter] of format.matchAll(/%([^])?|[^%]+/g)) {
    if (!piece.startsWith("%")) tokens.push(unescapeBytes(piece));
    else tokens.push(tokenOf(letter, nullBytes));
  }
  return tokens;
}

function tokenOf(letter: string | undefined, nullBytes: Buffer): Token {
  switch (letter) {
    case "t":
      return (_, topic) => topic;
    case "p":
      return (record) => String(record.partition);
    case "o":
      return (record) => String(record.offset);
    case "k":
      return (record) => bytesOr(record.key, nullBytes);
    case "K":
      return (record) => String(record.key?.length ?? -1);
    case "s":
      return (record) => bytesOr(record.value, nullBytes);
    case "S":
      return (record) => String(record.value?.length ?? -1);
    case "R":
      return (record) => bigEndian(record.value?.length ?? -1);
    case "T":
      return (record) => String(record.timestamp);
    case "h":
      return headerText;
    case "%":
      return Buffer.from("%");
    case undefined:
    default:
      throw new CommandError(
        `unknown token %${letter ?? ""} in the format: %t %p %o %k %K %s %S %R %T %h and %% are known`,
      );
  }
}

function headerText(record: ReadRecord): Buffer {
  const parts: Uint8Array[] = [];
  for (const [index, { key, value }] of record.headers.entries()) {
    parts.push(Buffer.from(`${index === 0 ? "" : ","}${key}=`), value ?? Buffer.from("NULL"));
  }
  return Buffer.concat(parts);
}

/** kcat's `-J`; bytes that are no UTF-8 are written as `{"base64": ...}`. */
function envelope(record: ReadRecord, topic: string): object {
  const { partition, offset, timestamp } = record;
  return {
    topic,
    partition,
    offset,
    ts: timestamp,
    headers: record.headers.flatMap(({ key, value }) => [key, jsonBytes(value)]),
    key: jsonBytes(record.key),
    payload: jsonBytes(record.value),
  };
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function jsonBytes(bytes: Uint8Array | null): string | { readonly base64: string } | null {
  if (bytes === null) return null;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") };
  }
}

function bytesOr(bytes: Uint8Array | null, nullBytes: Buffer): Buffer {
  return bytes === null ? nullBytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
