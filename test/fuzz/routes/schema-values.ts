/** Values that a JSON schema of the API's document describes, filled with names and numbers that the world knows. */
import type { FuzzRandom } from "../fuzz-random.ts";
import { fieldText } from "../mutate-text.ts";

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
}

/** What names of fields have meant so far in this sequence of calls. */
export interface Known {
  /** A value for a field of that name, if one is known. */
  readonly valueFor: (name: string, random: FuzzRandom) => unknown;
}

const depthMax = 6;
const itemsMore = 2;

export class SchemaValues {
  readonly #components: Readonly<Record<string, JsonSchema>>;

  constructor(components: Readonly<Record<string, JsonSchema>>) {
    this.#components = components;
  }

  /** @param name of the field that is filled */
  value(schema: JsonSchema, name: string, random: FuzzRandom, known: Known, depth = 0): unknown {
    const { $ref, anyOf, oneOf, allOf } = schema;
    if ($ref !== undefined) return this.#named($ref, name, random, known, depth);
    const given = known.valueFor(name, random);
    if (given !== undefined && random.chance(0.75) && fits(schema, given)) return given;
    if (schema.const !== undefined) return schema.const;
    if (schema.enum !== undefined) return random.pick(schema.enum);
    const choices = anyOf ?? oneOf;
    if (choices !== undefined) return this.value(random.pick(choices), name, random, known, depth + 1);
    if (allOf !== undefined) return this.value(allOf[0] ?? {}, name, random, known, depth + 1);
    if (schema.examples !== undefined && random.chance(0.4)) return random.pick(schema.examples);
    return this.#ofType(schema, name, random, known, depth);
  }

  #named(reference: string, name: string, random: FuzzRandom, known: Known, depth: number): unknown {
    const schema = this.#components[reference.slice(reference.lastIndexOf("/") + 1)];
    return schema === undefined ? null : this.value(schema, name, random, known, depth + 1);
  }

  #ofType(schema: JsonSchema, name: string, random: FuzzRandom, known: Known, depth: number): unknown {
    const type = typeof schema.type === "object" ? random.pick(schema.type) : schema.type;
    switch (type) {
      case "object":
        return this.#object(schema, random, known, depth);
      case "array": {
        const least = schema.minItems ?? 0;
        const length =
          depth > depthMax ? least : random.between(least, Math.min(schema.maxItems ?? 9, least + itemsMore));
        return Array.from({ length }, () => this.value(schema.items ?? {}, name, random, known, depth + 1));
      }
      case "integer":
      case "number":
        return number(schema, random);
      case "boolean":
        return random.chance(0.5);
      case "string":
        return text(schema, random);
      default:
        return null;
    }
  }

  #object(schema: JsonSchema, random: FuzzRandom, known: Known, depth: number): unknown {
    const required = new Set(schema.required);
    const wanted = random.pick([0.15, 0.5, 0.9]);
    const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
      const isThere = required.has(name) || (depth <= depthMax && random.chance(wanted));
      return isThere ? [[name, this.value(field, name, random, known, depth + 1)] as const] : [];
    });
    const more = typeof schema.additionalProperties === "object" ? schema.additionalProperties : undefined;
    const extra = Array.from({ length: more === undefined ? 0 : random.below(3) }, () => {
      const given = known.valueFor("*", random);
      const name = typeof given === "string" ? given : fieldText(random);
      return [name, this.value(more ?? {}, name, random, known, depth + 1)] as const;
    });
    return Object.fromEntries([...fields, ...extra]);
  }
}

function fits({ type }: JsonSchema, value: unknown): boolean {
  if (type === undefined || typeof type === "object") return true;
  return type === "integer" ? typeof value === "number" : type === typeof value;
}

function number({ minimum = 0, maximum }: JsonSchema, random: FuzzRandom): number {
  const value = random.chance(0.6)
    ? minimum + random.below(5)
    : random.chance(0.5)
      ? (maximum ?? minimum + 100)
      : random.whole();
  return Math.max(minimum, Math.min(maximum ?? Number.MAX_SAFE_INTEGER, value));
}

function text({ pattern, minLength = 0, maxLength = 12 }: JsonSchema, random: FuzzRandom): string {
  if (pattern !== undefined && /\[0-9\]|\\d/.test(pattern)) return String(random.whole());
  if (random.chance(0.02)) return "x".repeat(Math.min(maxLength, 50_000));
  return fieldText(random, Math.max(1, Math.min(maxLength, 12)))
    .padEnd(minLength, "x")
    .slice(0, maxLength);
}
