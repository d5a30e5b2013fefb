/**
 * A namespace as one stream of bytes: what `streamkeeper export` writes and `streamkeeper import` reads.
 *
 *     archive => magic:"SKNA" version:u8 part*
 *     part    => length:u32 crc32c:u32 kind:u8 body                  length and checksum are of kind and body
 *     body    => 1 head:json                                         first
 *              | 2 bytes                                             of the snapshot of the tree, see `snapshot-codec.ts`
 *              | 3 group:json                                        committed offsets of a consumer group
 *              | 4 shareGroup:json                                   settings of a share group
 *              | 5 share:json state:bytes                            what a share group has done in a partition
 *              | 6 partition:json                                    the batches that follow are of it
 *              | 7 batch*                                            RecordBatches v2, in the order of their offsets
 *              | 255 totals:json                                     last: without it the archive is cut off
 *
 * Groups stand before partitions: what they have committed was read before the ends of the logs, so no offset lies beyond one.
 */
import { archivePartBytesMax } from "../../limits/archive.ts";
import { ByteReader } from "../../record/byte-reader.ts";
import { ByteWriter } from "../../record/byte-writer.ts";
import { crc32c } from "../../record/crc32c.ts";
import { MalformedBytesError } from "../../record/malformed-bytes-error.ts";

export interface ArchiveHead {
  readonly namespace: string;
  /** Wall clock of the export, ms since the epoch. */
  readonly exportedAtMs: number;
}

export interface ArchivedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

export interface ArchivedGroup {
  readonly group: string;
  readonly offsets: readonly ArchivedOffset[];
}

export interface ArchivedShareGroup {
  readonly group: string;
  readonly settings: Readonly<Record<string, string | number>>;
  /** Names of the topics that it has begun. */
  readonly topics: readonly string[];
}

export interface ArchivedShare {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

export interface ArchivedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly logStartOffset: number;
  /** One past the last offset that was given out. */
  readonly endOffset: number;
}

export interface ArchiveTotals {
  readonly partitions: number;
  readonly batches: number;
  readonly batchBytes: number;
  readonly groups: number;
}

export type ArchivePart =
  | { readonly kind: "head"; readonly head: ArchiveHead }
  | { readonly kind: "tree"; readonly bytes: Uint8Array }
  | { readonly kind: "group"; readonly group: ArchivedGroup }
  | { readonly kind: "shareGroup"; readonly shareGroup: ArchivedShareGroup }
  | { readonly kind: "share"; readonly share: ArchivedShare; readonly state: Uint8Array }
  | { readonly kind: "partition"; readonly partition: ArchivedPartition }
  | { readonly kind: "batches"; readonly bytes: Uint8Array }
  | { readonly kind: "end"; readonly totals: ArchiveTotals };

/** The bytes are no archive, or not all of one. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

const magic = 0x534b_4e41;
const version = 1;
const startBytes = 5;
const partHeadBytes = 8;
const kinds = { head: 1, tree: 2, group: 3, shareGroup: 4, share: 5, partition: 6, batches: 7, end: 255 } as const;

export function archiveStart(): Uint8Array {
  const out = new ByteWriter(startBytes);
  out.u32(magic);
  out.u8(version);
  return out.finish();
}

export function encodePart(part: ArchivePart): Uint8Array {
  const out = new ByteWriter(256);
  out.reserve(partHeadBytes);
  out.u8(kinds[part.kind]);
  switch (part.kind) {
    case "head":
      out.prefixedString(JSON.stringify(part.head));
      break;
    case "tree":
    case "batches":
      out.raw(part.bytes);
      break;
    case "group":
      out.prefixedString(JSON.stringify(part.group));
      break;
    case "shareGroup":
      out.prefixedString(JSON.stringify(part.shareGroup));
      break;
    case "share":
      out.prefixedString(JSON.stringify(part.share));
      out.raw(part.state);
      break;
    case "partition":
      out.prefixedString(JSON.stringify(part.partition));
      break;
    case "end":
      out.prefixedString(JSON.stringify(part.totals));
  }
  const bytes = out.finish();
  out.setU32(0, bytes.length - partHeadBytes);
  out.setU32(4, crc32c(bytes, partHeadBytes));
  return bytes;
}

/**
 * The parts of an archive, checked one by one; ends behind the last.
 *
 * @throws ArchiveError
 */
export async function* readArchive(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<ArchivePart, void> {
  const input = new Input(chunks);
  const start = await input.take(startBytes, "its beginning");
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (view.getUint32(0) !== magic) throw new ArchiveError("this is no archive of a namespace");
  if (view.getUint8(4) !== version)
    throw new ArchiveError(`archives of version ${view.getUint8(4)} are not known here`);
  for (;;) {
    const part = await readPart(input);
    yield part;
    if (part.kind === "end") break;
  }
  if (!(await input.isAtEnd())) throw new ArchiveError("bytes follow the end of the archive");
}

async function readPart(input: Input): Promise<ArchivePart> {
  const head = await input.take(partHeadBytes, "a part");
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = view.getUint32(0);
  if (length < 1 || length > archivePartBytesMax)
    throw new ArchiveError(`a part of ${length} bytes at ${input.position}`);
  const crc = view.getUint32(4);
  const bytes = await input.take(length, "a part");
  if (crc32c(bytes) !== crc) throw new ArchiveError(`the part before byte ${input.position} is damaged`);
  try {
    return decodePart(bytes);
  } catch (cause) {
    if (cause instanceof ArchiveError) throw cause;
    if (!(cause instanceof MalformedBytesError || cause instanceof SyntaxError)) throw cause;
    throw new ArchiveError(`the part before byte ${input.position} does not decode`, { cause });
  }
}

function decodePart(bytes: Uint8Array): ArchivePart {
  const from = new ByteReader(bytes);
  const kind = from.u8();
  switch (kind) {
    case kinds.head:
      return { kind: "head", head: fieldsOf<ArchiveHead>(from, { namespace: "string", exportedAtMs: "number" }) };
    case kinds.tree:
      return { kind: "tree", bytes: from.view(from.remaining) };
    case kinds.batches:
      return { kind: "batches", bytes: from.view(from.remaining) };
    case kinds.group: {
      const group = fieldsOf<{ group: string; offsets: readonly unknown[] }>(from, {
        group: "string",
        offsets: "array",
      });
      return { kind: "group", group: { ...group, offsets: group.offsets.map(offsetOf) } };
    }
    case kinds.shareGroup:
      return { kind: "shareGroup", shareGroup: shareGroupOf(from) };
    case kinds.share: {
      const share = fieldsOf<ArchivedShare>(from, { group: "string", topic: "string", partition: "number" });
      return { kind: "share", share, state: from.view(from.remaining) };
    }
    case kinds.partition: {
      const types = { topic: "string", partition: "number", logStartOffset: "number", endOffset: "number" } as const;
      return { kind: "partition", partition: fieldsOf<ArchivedPartition>(from, types) };
    }
    case kinds.end: {
      const types = { partitions: "number", batches: "number", batchBytes: "number", groups: "number" } as const;
      return { kind: "end", totals: fieldsOf<ArchiveTotals>(from, types) };
    }
    default:
      throw new ArchiveError(`a part of kind ${kind} is not known here`);
  }
}

type FieldType = "string" | "number" | "array" | "object";

function fieldsOf<Fields>(from: ByteReader, types: Readonly<Record<string & keyof Fields, FieldType>>): Fields {
  return checkedFields<Fields>(JSON.parse(from.prefixedString()), types);
}

function checkedFields<Fields>(value: unknown, types: Readonly<Record<string & keyof Fields, FieldType>>): Fields {
  if (!isObject(value)) throw new ArchiveError("a part is no object");
  for (const [name, type] of Object.entries<FieldType>(types)) {
    if (!hasType(value[name], type)) throw new ArchiveError(`a part has no ${name} of type ${type}`);
  }
  return value as Fields;
}

/** Numbers are offsets, counts and times. */
function hasType(value: unknown, type: FieldType): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "number":
      return Number.isSafeInteger(value) && Number(value) >= 0;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function offsetOf(value: unknown): ArchivedOffset {
  return checkedFields<ArchivedOffset>(value, {
    topic: "string",
    partition: "number",
    offset: "number",
    metadata: "string",
  });
}

function shareGroupOf(from: ByteReader): ArchivedShareGroup {
  const types = { group: "string", settings: "object", topics: "array" } as const;
  const found = fieldsOf<{ group: string; settings: object; topics: readonly unknown[] }>(from, types);
  const settings: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(found.settings) as [string, unknown][]) {
    if (typeof value !== "string" && typeof value !== "number")
      throw new ArchiveError(`the setting ${name} is no value`);
    settings[name] = value;
  }
  const topics = found.topics.map((topic) => {
    if (typeof topic !== "string") throw new ArchiveError("a topic without a name");
    return topic;
  });
  return { group: found.group, settings, topics };
}

/** Takes exact lengths from chunks of any length, and holds no more than one of them and what was asked for. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #left: Uint8Array = new Uint8Array(0);
  #position = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  get position(): number {
    return this.#position;
  }

  async take(length: number, what: string): Promise<Uint8Array> {
    this.#position += length;
    if (this.#left.length >= length) {
      const taken = this.#left.subarray(0, length);
      this.#left = this.#left.subarray(length);
      return taken;
    }
    const taken = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      if (this.#left.length === 0 && !(await this.#more())) {
        throw new ArchiveError(`the archive is cut off in ${what}, before byte ${this.#position}`);
      }
      const part = this.#left.subarray(0, length - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#left = this.#left.subarray(part.length);
    }
    return taken;
  }

  async isAtEnd(): Promise<boolean> {
    return this.#left.length === 0 && !(await this.#more());
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      if (next.value.length === 0) continue;
      this.#left = next.value;
      return true;
    }
  }
}
