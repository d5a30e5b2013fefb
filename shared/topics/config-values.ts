/** How the values of Kafka's configurations are parsed and bounded (Kafka's `ConfigDef.parseType` and its validators). */

/** A type of values with its range. */
export interface ValueRule {
  readonly type: "BOOLEAN" | "STRING" | "INT" | "LONG" | "DOUBLE" | "LIST";
  /** What is wrong with a value, or undefined. */
  readonly problemOf: (value: string) => string | undefined;
}

interface Range {
  readonly min?: number;
  readonly max?: number;
  /** A number inside of the range that is not allowed. */
  readonly except?: number;
}

const integerDigitsMax = 40;

/** A whole number as Java's `Long.parseLong` takes it, after trimming; undefined for anything else. */
export function parseInteger(value: string): bigint | undefined {
  const trimmed = value.trim();
  if (trimmed.length > integerDigitsMax || !/^[+-]?[0-9]+$/.test(trimmed)) return undefined;
  return BigInt(trimmed.startsWith("+") ? trimmed.slice(1) : trimmed);
}

/** A 32-bit integer. */
export function intValue(range: Range): ValueRule {
  return integerValue("INT", 31n, range);
}

/** A 64-bit integer. */
export function longValue(range: Range): ValueRule {
  return integerValue("LONG", 63n, range);
}

function integerValue(type: "INT" | "LONG", bits: bigint, range: Range): ValueRule {
  const limit = 1n << bits;
  return {
    type,
    problemOf: (value) => {
      const parsed = parseInteger(value);
      if (parsed === undefined || parsed >= limit || parsed < -limit) return `Not a number of type ${type}`;
      return rangeProblem(Number(parsed), range);
    },
  };
}

/** A floating-point number. */
export function doubleValue(range: Range): ValueRule {
  return {
    type: "DOUBLE",
    problemOf: (value) => {
      const trimmed = value.trim();
      if (!/^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$/.test(trimmed)) return "Not a number of type DOUBLE";
      return rangeProblem(Number(trimmed), range);
    },
  };
}

function rangeProblem(value: number, { min, max, except }: Range): string | undefined {
  if (min !== undefined && value < min) return `Value must be at least ${min}`;
  if (max !== undefined && value > max) return `Value must be no more than ${max}`;
  return value === except ? `Value must not be ${except}` : undefined;
}

export const booleanValue: ValueRule = {
  type: "BOOLEAN",
  problemOf: (value) =>
    /^(true|false)$/i.test(value.trim()) ? undefined : "Expected value to be either true or false",
};

/** One of a few words, in exactly this spelling. */
export function oneOf(...words: readonly string[]): ValueRule {
  return {
    type: "STRING",
    problemOf: (value) => (words.includes(value) ? undefined : `String must be one of: ${words.join(", ")}`),
  };
}

/** Elements between commas; empty text is the empty list. */
export function listValue(isElement: (element: string) => boolean, expected: string): ValueRule {
  return {
    type: "LIST",
    problemOf: (value) => {
      const trimmed = value.trim();
      const elements = trimmed === "" ? [] : trimmed.split(",").map((element) => element.trim());
      if (!elements.every(isElement)) return `Expected ${expected}`;
      return new Set(elements).size === elements.length ? undefined : "Configuration values must not be duplicated";
    },
  };
}
