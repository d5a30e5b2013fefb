/** Patterns of topic names, as in Kafka: RE2, whose matching takes time in proportion to the name's length. */
import { RE2JS } from "re2js";
import { ServiceError } from "../api/errors.ts";

/** True for a name that the pattern matches as a whole. */
export type NameMatcher = (name: string) => boolean;

/** @throws ServiceError INVALID_REGULAR_EXPRESSION */
export function compilePattern(pattern: string): NameMatcher {
  const compiled = compile(pattern);
  return (name) => compiled.matches(name);
}

function compile(pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern);
  } catch (cause) {
    throw new ServiceError("INVALID_REGULAR_EXPRESSION", "The pattern is not one of RE2's syntax", { cause });
  }
}
