/** What is fuzzed: inputs by their number, each of which is accepted, or declined by an error that is declared. */
import { inspect, isDeepStrictEqual } from "node:util";
import { FuzzRandom } from "./fuzz-random.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { anyJson, mutateJson } from "./mutate-json.ts";
import { anyText, mutateText } from "./mutate-text.ts";
import { smallerBytes, smallerJson, smallerText } from "./shrink.ts";

/** What became of the inputs of a case. */
export interface Tally {
  readonly accepted: number;
  readonly declined: number;
}

export type Verdict = "accepted" | "declined" | Tally;

/** One case: an input, or several that belong together. */
export interface FuzzCase {
  /** @throws whatever the target must not throw, or an Error that says what does not hold */
  readonly run: () => Verdict | Promise<Verdict>;
  readonly smaller: () => Iterable<FuzzCase>;
  readonly show: () => string;
}

export interface Target {
  readonly name: string;
  /** What it calls: `<file>#<exported name>`. */
  readonly covers: readonly string[];
  readonly inputsPerCase: number;
  /** What an input costs beside one of a quick parser: it gets so many fewer. */
  readonly cost: number;
  /** No case may take longer, by the processor's time. */
  readonly caseMsMax: number;
  /** The cases of a seed by their number: always the same. */
  readonly open: (seed: number) => (index: number) => FuzzCase;
}

/** Something that must hold does not. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
}

type ErrorClass = abstract new (...given: never[]) => Error;

const corpusMax = 48;
const codecMsMax = 250;

interface Common {
  readonly name: string;
  readonly covers: readonly string[];
  /** Errors that say that an input is not acceptable. */
  readonly declared: readonly ErrorClass[];
  readonly caseMsMax?: number;
  readonly cost?: number;
}

export interface Codec<Value> extends Common {
  /** A value such as the program makes. */
  readonly value: (random: FuzzRandom) => Value;
  readonly encode: (value: Value) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Value;
  /** Makes checksums and lengths right, so that an input gets beyond them. */
  readonly seal?: (bytes: Uint8Array) => Uint8Array;
  /** What of a value is compared, where it hides its parts. */
  readonly shown?: (value: Value) => unknown;
}

/** Decodes damaged forms of what `encode` makes; what decodes must encode, to bytes that decode to the same. */
export function codecTarget<Value>(codec: Codec<Value>): Target {
  const { encode, decode, shown = (value: Value): unknown => value } = codec;
  const same = (one: Value, other: Value, what: string): void => {
    if (!isDeepStrictEqual(shown(one), shown(other))) {
      throw new FuzzFailure(`${what}: ${inspect(shown(one))} became ${inspect(shown(other))}`);
    }
  };
  const check = (bytes: Uint8Array): Verdict => {
    const value = unlessDeclared(codec.declared, () => decode(bytes));
    if (value === declined) return "declined";
    const encoded = Uint8Array.from(encode(value));
    const again = decode(encoded);
    same(value, again, "encoded and decoded");
    if (!isDeepStrictEqual(Uint8Array.from(encode(again)), encoded)) throw new FuzzFailure("encodes in two ways");
    return "accepted";
  };
  const roundTrip = (value: Value): FuzzCase => ({
    run: () => {
      same(value, decode(Uint8Array.from(encode(value))), "round trip");
      return "accepted";
    },
    smaller: () => [],
    show: () => inspect(shown(value), { depth: 8, maxArrayLength: 1_000 }),
  });
  return {
    ...common(codec),
    open: (seed) => {
      const corpus = samples(codec.name, seed, (random) => Uint8Array.from(encode(codec.value(random))));
      return (index) => {
        const random = new FuzzRandom(codec.name, seed, index);
        if (random.chance(0.06)) return roundTrip(codec.value(random));
        return bytesCase(damaged(random, corpus, codec.seal), check);
      };
    },
  };
}

export interface BytesReader extends Common {
  readonly sample: (random: FuzzRandom) => Uint8Array;
  /** Reads the bytes, and checks what it reads. @throws FuzzFailure */
  readonly read: (bytes: Uint8Array, random: FuzzRandom) => void | Promise<void>;
  readonly seal?: (bytes: Uint8Array) => Uint8Array;
}

/** As `codecTarget`, for what only reads. */
export function bytesTarget(reader: BytesReader): Target {
  return {
    ...common(reader),
    open: (seed) => {
      const corpus = samples(reader.name, seed, reader.sample);
      return (index) => {
        const random = new FuzzRandom(reader.name, seed, index);
        const input = random.chance(0.06) ? random.pick(corpus) : damaged(random, corpus, reader.seal);
        const choices = random.uint32();
        return bytesCase(input, (bytes) =>
          judged(reader.declared, () => reader.read(bytes, new FuzzRandom(reader.name, choices))),
        );
      };
    },
  };
}

export interface TextReader extends Common {
  readonly samples: readonly string[] | ((random: FuzzRandom) => string);
  /** @throws FuzzFailure */
  readonly read: (text: string) => void;
}

export function textTarget(reader: TextReader): Target {
  return {
    ...common(reader),
    open: (seed) => {
      const given = reader.samples;
      const corpus = typeof given === "function" ? samples(reader.name, seed, given) : given;
      return (index) => {
        const random = new FuzzRandom(reader.name, seed, index);
        const text = random.pick(corpus);
        const kind = random.below(20);
        return textCase(kind === 0 ? text : kind === 1 ? anyText(random) : mutateText(random, text, corpus), (one) =>
          judged(reader.declared, () => reader.read(one)),
        );
      };
    },
  };
}

export interface JsonReader extends Common {
  readonly sample: (random: FuzzRandom) => unknown;
  /** @throws FuzzFailure */
  readonly read: (value: unknown) => void;
}

/** For values of JSON's kinds: what stands in items, and in bodies that are parsed already. */
export function jsonTarget(reader: JsonReader): Target {
  return {
    ...common(reader),
    open: (seed) => {
      const corpus = samples(reader.name, seed, reader.sample);
      return (index) => {
        const random = new FuzzRandom(reader.name, seed, index);
        const value = random.pick(corpus);
        const kind = random.below(20);
        return jsonCase(kind === 0 ? value : kind === 1 ? anyJson(random) : mutateJson(random, value), (one) =>
          judged(reader.declared, () => reader.read(one)),
        );
      };
    },
  };
}

function common({ name, covers, caseMsMax = codecMsMax, cost = 1 }: Common): Omit<Target, "open"> {
  return { name, covers, inputsPerCase: 1, cost, caseMsMax };
}

function samples<Sample>(name: string, seed: number, sample: (random: FuzzRandom) => Sample): readonly Sample[] {
  return Array.from({ length: corpusMax }, (_, index) => sample(new FuzzRandom(`${name} corpus`, seed, index)));
}

function damaged(
  random: FuzzRandom,
  corpus: readonly Uint8Array[],
  seal: ((bytes: Uint8Array) => Uint8Array) | undefined,
): Uint8Array {
  const bytes = random.chance(0.02) ? random.bytes(random.below(64)) : mutateBytes(random, random.pick(corpus), corpus);
  return seal !== undefined && random.chance(0.9) ? seal(bytes) : bytes;
}

const declined = Symbol("declined");

function unlessDeclared<Value>(declared: readonly ErrorClass[], run: () => Value): Value | typeof declined {
  try {
    return run();
  } catch (error) {
    if (declared.some((one) => error instanceof one)) return declined;
    throw error;
  }
}

function judged(declared: readonly ErrorClass[], run: () => void | Promise<void>): Verdict | Promise<Verdict> {
  const pending = unlessDeclared(declared, run);
  if (pending instanceof Promise) {
    return pending.then(
      () => "accepted",
      (error: unknown) => {
        if (declared.some((one) => error instanceof one)) return "declined";
        throw error;
      },
    );
  }
  return pending === declined ? "declined" : "accepted";
}

function bytesCase(bytes: Uint8Array, check: (bytes: Uint8Array) => Verdict | Promise<Verdict>): FuzzCase {
  return {
    run: () => check(bytes),
    smaller: () => eachAs(smallerBytes(bytes), (one) => bytesCase(one, check)),
    show: () => `bytes ${Buffer.from(bytes).toString("hex")}`,
  };
}

function textCase(text: string, check: (text: string) => Verdict | Promise<Verdict>): FuzzCase {
  return {
    run: () => check(text),
    smaller: () => eachAs(smallerText(text), (one) => textCase(one, check)),
    show: () => `text ${JSON.stringify(text)}`,
  };
}

function jsonCase(value: unknown, check: (value: unknown) => Verdict | Promise<Verdict>): FuzzCase {
  return {
    run: () => check(value),
    smaller: () => eachAs(smallerJson(value), (one) => jsonCase(one, check)),
    show: () => `value ${inspect(value, { depth: 8, maxArrayLength: 200, maxStringLength: 2_000 })}`,
  };
}

function* eachAs<From, To>(values: Iterable<From>, as: (value: From) => To): Generator<To> {
  for (const value of values) yield as(value);
}

/** What decoded must encode, to what decodes to the same. */
export function sameAgain<Value, Encoded>(
  value: Value,
  encode: (value: Value) => Encoded,
  decode: (encoded: Encoded) => Value,
): void {
  let again: Value;
  try {
    again = decode(encode(value));
  } catch (cause) {
    throw new FuzzFailure(`${inspect(value, { depth: 6 })} does not go there and back`, { cause });
  }
  if (isDeepStrictEqual(value, again) || sameText(value, again)) return;
  throw new FuzzFailure(`${inspect(value, { depth: 6 })} became ${inspect(again, { depth: 6 })}`);
}

/** JSON reads -0 and does not write it. */
function sameText(one: unknown, other: unknown): boolean {
  const [text, otherText] = [one, other].map((value) =>
    inspect(value, { depth: 9, maxArrayLength: null, maxStringLength: null }).replaceAll(
      /(?<=[:[,] )-0(?=[,\s])/g,
      "0",
    ),
  );
  return text === otherText;
}
