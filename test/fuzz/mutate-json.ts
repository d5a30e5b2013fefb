/** Damage to JSON: values of another type or size, fields that come, go and repeat, and text that is no JSON any more. */
import type { FuzzRandom } from "./fuzz-random.ts";
import { mutateText, oddTexts } from "./mutate-text.ts";

type JsonObject = Record<string, unknown>;

const oddNumbers = [
  0,
  -0,
  1,
  -1,
  0.5,
  -1.5,
  1e-7,
  255,
  65_536,
  2_147_483_647,
  2_147_483_648,
  -2_147_483_648,
  4_294_967_296,
  1e15,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 1,
  -Number.MAX_SAFE_INTEGER,
  1e21,
  1e308,
] as const;
const longTexts = [300, 5_000, 40_000] as const;
const nestingMax = 2_000;
const manyMax = 3_000;
const repeatedCharsMax = 300;

/** A value that has nothing to do with what is expected. */
export function anyJson(random: FuzzRandom, depth = 2): unknown {
  switch (random.below(depth > 0 ? 9 : 7)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
    case 3:
      return random.pick(oddNumbers);
    case 4:
    case 5:
      return random.pick(oddTexts);
    case 6:
      return random.chance(0.95) ? "x" : "x".repeat(random.pick(longTexts));
    case 7:
      return Array.from({ length: random.below(4) }, () => anyJson(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(3) }, () => [random.pick(oddTexts), anyJson(random, depth - 1)]),
      );
  }
}

/** A copy with one or two things changed somewhere inside. */
export function mutateJson(random: FuzzRandom, value: unknown): unknown {
  const once = mutateInside(random, value);
  return random.chance(0.75) ? once : mutateInside(random, once);
}

function mutateInside(random: FuzzRandom, value: unknown): unknown {
  if (Array.isArray(value) && value.length > 0 && random.chance(0.8)) {
    const at = random.below(value.length);
    return value.map((part: unknown, index) => (index === at ? mutateInside(random, part) : part));
  }
  if (isObject(value) && random.chance(0.85)) {
    const names = Object.keys(value);
    if (names.length > 0) {
      const name = random.pick(names);
      return withField(value, name, mutateInside(random, value[name]));
    }
  }
  return mutateHere(random, value);
}

function mutateHere(random: FuzzRandom, value: unknown): unknown {
  if (random.chance(0.25)) return anyJson(random);
  if (random.chance(0.004)) return nested(random);
  if (typeof value === "string") return mutateText(random, value);
  if (typeof value === "number") {
    return random.chance(0.5) ? value + random.pick([-1, 1, 0.5, 1_000]) : random.pick(oddNumbers);
  }
  if (Array.isArray(value)) return mutateList(random, value);
  if (isObject(value)) return mutateObject(random, value);
  return anyJson(random);
}

function mutateList(random: FuzzRandom, list: readonly unknown[]): unknown {
  const at = random.below(list.length);
  switch (random.below(6)) {
    case 0:
      return [];
    case 1:
      return [...list, ...list];
    case 2:
      return list.toSpliced(at, 1);
    case 3:
      return [...list, anyJson(random)];
    case 4:
      return Object.fromEntries(list.entries());
    default:
      return random.chance(0.05) ? many(random, list[at]) : list.toReversed();
  }
}

function many(random: FuzzRandom, value: unknown): unknown {
  const isSmall = (JSON.stringify(value) ?? "").length <= repeatedCharsMax;
  return Array.from({ length: random.between(100, manyMax) }, () => (isSmall ? value : 0));
}

function mutateObject(random: FuzzRandom, object: JsonObject): unknown {
  const names = Object.keys(object);
  switch (random.below(6)) {
    case 0:
    case 1:
      return names.length === 0
        ? []
        : Object.fromEntries(Object.entries(object).filter(([name]) => name !== names[random.below(names.length)]));
    case 2:
      return withField(object, random.pick(oddTexts), anyJson(random));
    case 3:
      return withField(object, "__proto__", anyJson(random));
    case 4:
      return Object.values(object);
    default:
      return names.length < 2 ? {} : withField(object, random.pick(names), object[random.pick(names)]);
  }
}

/** Deep enough to overflow a stack that follows it. */
function nested(random: FuzzRandom): unknown {
  const depth = random.between(100, nestingMax);
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = random.chance(0.5) ? [value] : { a: value };
  return value;
}

/** As text; now and then with fields that stand there twice, numbers that no double holds, or cut off. */
export function jsonText(random: FuzzRandom, value: unknown): string {
  const text = JSON.stringify(value) ?? "null";
  if (!random.chance(0.06)) return text;
  switch (random.below(6)) {
    case 0:
      return text.replace(/^\{(.+)\}$/s, "{$1,$1}");
    case 1:
      return text.replace(
        /:(\d+)/,
        () => `:${random.pick(["1e400", "-0", "1E5", "0.1e1", "99999999999999999999999", "01"])}`,
      );
    case 2:
      return text.replace(/"/, '"\\ud800');
    case 3:
      return `${random.pick(["\ufeff", " ", "\n\t", "["])}${text}`;
    case 4:
      return "[".repeat(random.pick([10, 1_000, 50_000])) + text;
    default:
      return mutateText(random, text);
  }
}

/** Also where the name is `__proto__`, which an assignment would take for something else. */
function withField(object: JsonObject, name: string, value: unknown): JsonObject {
  return Object.fromEntries([...Object.entries(object).filter(([other]) => other !== name), [name, value]]);
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
