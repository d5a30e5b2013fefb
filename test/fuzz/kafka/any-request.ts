/** Requests of every API, made from the tables themselves: names and numbers that mean something, and such as break things. */
import type { Fields, Typed, Version } from "../../../gateway/kafka/protocol/schema.ts";
import * as types from "../../../gateway/kafka/protocol/types.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { anyBatch } from "../targets/record-targets.ts";

/** What requests are made of, and what is learnt from answers. */
export interface Words {
  readonly texts: readonly string[];
  readonly numbers: readonly number[];
}

const fixedTexts = ["orders", "dead", "g", "t", "consumer", "range", "cleanup.policy", "compact", "", "User:ANONYMOUS"];
const edges = [-1, -2, 0x7fff_ffff, -0x8000_0000, 0x7fff, -0x8000, 0xffff, 100_000, 5_000];
const depthMax = 6;

export function anyRequest(random: FuzzRandom, fields: Fields, version: Version, words: Words): object {
  return new Filling(random, version, words).table(fields, 0);
}

class Filling {
  readonly #random: FuzzRandom;
  readonly #version: Version;
  readonly #words: Words;
  /** How wild the numbers of this request are. */
  readonly #wildness: number;

  constructor(random: FuzzRandom, version: Version, words: Words) {
    this.#random = random;
    this.#version = version;
    this.#words = words;
    this.#wildness = random.pick([0, 0, 0.1, 0.5]);
  }

  table(fields: Fields, depth: number): object {
    const given: [string, unknown][] = [];
    for (const [name, field] of Object.entries(fields)) {
      const { from, to, tag } = field.presence;
      if (this.#version.version < from || this.#version.version > to) continue;
      if (tag !== undefined && this.#random.chance(0.7)) continue;
      given.push([name, this.#value(field, name, depth)]);
    }
    return Object.fromEntries(given);
  }

  #value(field: Typed, name: string, depth: number): unknown {
    const random = this.#random;
    if (this.#version.version >= field.presence.nullableFrom && random.chance(0.2)) return null;
    const { parts } = field;
    if (parts === undefined) return this.#plain(field, name);
    if ("fields" in parts) return this.table(parts.fields, depth + 1);
    const length = depth > depthMax ? 0 : random.pick([1, 1, 1, 1, 2, 2, 3, 0, random.chance(0.05) ? 50 : 1]);
    const { itemOf } = parts;
    return Array.from({ length }, () =>
      isTyped(itemOf) ? this.#value(itemOf, name, depth + 1) : this.table(itemOf, depth + 1),
    );
  }

  #plain({ makeCodec }: Typed, name: string): unknown {
    const random = this.#random;
    switch (makeCodec) {
      case types.bool.makeCodec:
        return random.chance(0.5);
      case types.int8.makeCodec:
        return (this.#number(name) << 24) >> 24;
      case types.int16.makeCodec:
        return (this.#number(name) << 16) >> 16;
      case types.uint16.makeCodec:
        return this.#number(name) & 0xffff;
      case types.int32.makeCodec:
        return this.#number(name) | 0;
      case types.int64.makeCodec:
        return random.chance(0.1) ? BigInt.asIntN(64, BigInt(random.uint32()) << 32n) : BigInt(this.#number(name));
      case types.offset64.makeCodec:
        return random.chance(0.1) ? random.whole() : this.#number(name);
      case types.float64.makeCodec:
        return this.#number(name) / 4;
      case types.uuid.makeCodec:
        return random.chance(0.3) ? types.zeroUuid : this.#uuid();
      case types.string.makeCodec:
        return this.#text();
      case types.records.makeCodec:
        return Array.from({ length: random.pick([1, 1, 1, 2, 0]) }, () => anyBatch(random));
      default:
        return random.chance(0.3) ? consumerMetadata : random.bytes(random.below(40));
    }
  }

  #number(name: string): number {
    const random = this.#random;
    if (random.chance(this.#wildness)) return random.pick([...edges, random.uint32() | 0]);
    if (/acks/i.test(name)) return random.pick([1, -1, 0]);
    if (/ms$|timeout/i.test(name)) return random.pick([0, 100, 6_000, 10_000, 60_000]);
    if (/bytes/i.test(name)) return random.pick([1, 1_000, 1_000_000]);
    if (this.#words.numbers.length > 0 && random.chance(0.4)) return random.pick(this.#words.numbers);
    return random.pick([0, 0, 0, 1, 1, 2, 3, -1]);
  }

  #text(): string {
    const random = this.#random;
    if (this.#words.texts.length > 0 && random.chance(0.4)) return random.pick(this.#words.texts);
    if (random.chance(0.03)) return random.pick(["x".repeat(32_767), "a/b", "..", "\u0000", "\ud83d\ude00", "*"]);
    return random.pick(fixedTexts);
  }

  #uuid(): string {
    const known = this.#words.texts.filter((text) => /^[\w-]{22}$/.test(text));
    const { length } = known;
    return length > 0 && this.#random.chance(0.7)
      ? ofSixteenBytes(this.#random.pick(known))
      : Buffer.from(this.#random.bytes(16)).toString("base64url");
  }
}

/** A text of 22 characters need not be what 16 bytes are written as. */
function ofSixteenBytes(text: string): string {
  return Buffer.from(text, "base64url").subarray(0, 16).toString("base64url");
}

/** A member's subscription to the topic orders, as Kafka's consumer protocol version 0 has it. */
const consumerMetadata = new Uint8Array(Buffer.from("00000000000100066f726465727300000000", "hex"));

function isTyped(given: Typed | Fields): given is Typed {
  return typeof given["makeCodec"] === "function";
}
