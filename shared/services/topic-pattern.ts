/** Patterns of topics' names, in RE2's syntax: no pattern takes more than time in proportion to its length and the name's. */
import { RE2JS } from "re2js";
import { ServiceError } from "../api/errors.ts";
import {
  patternExpansionMax,
  patternInstructionsMax,
  patternNamesKnownMax,
  patternRepeatMax,
  patternsKnownMax,
} from "../limits/groups.ts";

/** @throws ServiceError INVALID_REGULAR_EXPRESSION */
export function compilePattern(pattern: string): RE2JS {
  // Before it is compiled: a short text may stand for a million instructions.
  if (pattern.length * repeatsOf(pattern) > patternExpansionMax) throw tooCostly();
  const compiled = compiledPattern(pattern);
  if (compiled.programSize() > patternInstructionsMax) throw tooCostly();
  return compiled;
}

function compiledPattern(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    throw new ServiceError("INVALID_REGULAR_EXPRESSION", "The pattern is not one of RE2's syntax", { cause });
  }
}

/** How often any part of the pattern may be written out, at most: counts that stand in each other multiply. */
function repeatsOf(pattern: string): number {
  const counts = [...pattern.matchAll(/\{(\d+)(?:,(\d*))?\}/g)].map(([, least = "", most = ""]) =>
    Math.max(1, Number(least), Number(most)),
  );
  return Math.min(
    patternRepeatMax,
    counts.reduce((product, count) => product * count, 1),
  );
}

function tooCostly(): ServiceError {
  return new ServiceError(
    "INVALID_REGULAR_EXPRESSION",
    "The pattern repeats too much to be matched against all topics",
  );
}

interface KnownPattern {
  readonly compiled: RE2JS;
  /** What is known of names: it never changes. */
  readonly names: Map<string, boolean>;
}

/** Patterns as they are matched again and again, against mostly the same names. */
export class TopicPatterns {
  /** Least recently used first. */
  readonly #known = new Map<string, KnownPattern>();

  /** @throws ServiceError INVALID_REGULAR_EXPRESSION */
  check(pattern: string): void {
    this.#use(pattern);
  }

  /** @throws ServiceError INVALID_REGULAR_EXPRESSION */
  matches(pattern: string, name: string): boolean {
    const { compiled, names } = this.#use(pattern);
    const known = names.get(name);
    if (known !== undefined) return known;
    const found = compiled.matches(name);
    if (names.size >= patternNamesKnownMax) names.clear();
    names.set(name, found);
    return found;
  }

  #use(pattern: string): KnownPattern {
    const known = this.#known.get(pattern) ?? { compiled: compilePattern(pattern), names: new Map<string, boolean>() };
    this.#known.delete(pattern);
    this.#known.set(pattern, known);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= patternsKnownMax) break;
      this.#known.delete(oldest);
    }
    return known;
  }
}
