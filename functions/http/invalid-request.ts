import type * as z from "zod";
import { ServiceError } from "../../shared/api/errors.ts";

export type RequestPart = "path" | "query" | "header" | "body";

/** INVALID_REQUEST that names the field that is wrong in `details.field`, and the part of the request in `details.in`. */
export function invalidRequest(part: RequestPart, field: string, problem: string): ServiceError {
  const message = field === "" ? `The ${part} ${problem}` : `${part} field ${field}: ${problem}`;
  return new ServiceError("INVALID_REQUEST", message, { details: { in: part, field } });
}

/** `records`, 3, `value` becomes `records[3].value`. */
function fieldName(path: readonly PropertyKey[]): string {
  let name = "";
  for (const key of path) {
    if (typeof key === "number") name += `[${key}]`;
    else name += name === "" ? String(key) : `.${String(key)}`;
  }
  return name;
}

/** Checks a value against a schema. @throws ServiceError INVALID_REQUEST for the first thing that is wrong */
export function checked<Schema extends z.ZodType>(schema: Schema, part: RequestPart, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue === undefined) throw invalidRequest(part, "", "is not valid");
  if (issue.code === "unrecognized_keys") {
    throw invalidRequest(part, fieldName([...issue.path, ...issue.keys.slice(0, 1)]), "is not known here");
  }
  throw invalidRequest(part, fieldName(issue.path), lowerFirst(issue.message));
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
