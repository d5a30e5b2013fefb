/** What a route takes and answers. */
import type * as z from "zod";
import type { ErrorCode } from "./errors.ts";

export interface Operation {
  /** One line for the OpenAPI document. */
  readonly summary: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Absent: the request has no body. */
  readonly body?: z.ZodObject;
  /** The body may be left out; it then counts as `{}`. */
  readonly bodyOptional?: boolean;
  /** The same route with record batches in place of JSON, in the request or in the answer. */
  readonly batches?: { readonly query?: z.ZodObject; readonly answer?: z.ZodObject };
  readonly status: 200 | 201 | 204;
  /** Absent: the answer has no body. */
  readonly answer?: z.ZodObject;
  /** Takes an `Idempotency-Key`. */
  readonly keyed?: boolean;
  /** Looks at who asks, by the headers for that: under a session or none, or as the session that the path names. */
  readonly session?: "any" | "own";
  /** What this operation answers beside the errors that any may. */
  readonly errors: readonly ErrorCode[];
}
