/** From a routed request to a service call and back: the part that every operation shares. */
import type * as z from "zod";
import type { OperationId } from "../../shared/api/routes.ts";
import { idempotencyKeyHeader } from "../../shared/api/routes.ts";
import { operations } from "../../shared/api/operations.ts";
import type { Operation } from "../../shared/api/operation.ts";
import type { Operations } from "../../shared/api/operations.ts";
import { idempotencyKeyCharsMax, metadataBodyBytesMax } from "../../shared/limits.ts";
import { jsonAnswer } from "./answer.ts";
import { jsonOf } from "./body.ts";
import type { HttpAnswer, RoutedRequest } from "./event.ts";
import { checked, invalidRequest } from "./invalid-request.ts";
import { contentKind, headerValue } from "./media-type.ts";
import { parseQuery } from "./query.ts";

/** One operation with a service behind it. */
export interface ServedOperation {
  readonly id: OperationId;
  serve(request: RoutedRequest): Promise<HttpAnswer>;
}

type Output<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined;
type FieldOf<Id extends OperationId, Field extends string> =
  Operations[Id] extends Readonly<Record<Field, infer Schema>> ? Output<Schema> : undefined;

export type Params<Id extends OperationId> = z.output<Operations[Id]["params"]>;
export type AnswerOf<Id extends OperationId> = Operations[Id] extends {
  readonly answer: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : void;

/** What an operation is given once everything has been checked. */
export interface ApiRequest<Id extends OperationId, Body = FieldOf<Id, "body">> {
  readonly params: Params<Id>;
  readonly query: z.output<Operations[Id]["query"]>;
  readonly body: Body;
  /** Spread into a service's request: absent where the client sent none. */
  readonly idempotency: { readonly idempotencyKey?: string };
  readonly routed: RoutedRequest;
}

/** An operation with JSON in and out, checked against its schemas. */
export function jsonOperation<Id extends OperationId>(
  id: Id,
  handle: (request: ApiRequest<Id>) => Promise<AnswerOf<Id>>,
  bodyBytesMax = metadataBodyBytesMax,
): ServedOperation {
  const schema: Operation | undefined = operations[id];
  const parseBody = (json: unknown): FieldOf<Id, "body"> =>
    (schema.body === undefined ? undefined : checked(schema.body, "body", json)) as FieldOf<Id, "body">;
  return jsonOperationWith(id, parseBody, bodyBytesMax, handle);
}

/** As `jsonOperation`, for a body that is parsed by hand because its schema would be too slow. */
export function jsonOperationWith<Id extends OperationId, Body>(
  id: Id,
  parseBody: (json: unknown) => Body,
  bodyBytesMax: number,
  handle: (request: ApiRequest<Id, Body>) => Promise<AnswerOf<Id>>,
): ServedOperation {
  const schema: Operation = operations[id];
  return {
    id,
    async serve(routed) {
      const params = checkedParams(id, routed);
      const query = checkedQuery(schema.query, routed) as z.output<Operations[Id]["query"]>;
      const body = parseBody(jsonBody(schema, routed, bodyBytesMax));
      const answer = await handle({ params, query, body, idempotency: idempotencyOf(id, routed), routed });
      return answer === undefined ? { status: schema.status, headers: {} } : jsonAnswer(schema.status, answer);
    },
  };
}

/** @throws ServiceError INVALID_REQUEST */
export function checkedParams<Id extends OperationId>(id: Id, routed: RoutedRequest): Params<Id> {
  return checked(operations[id].params, "path", routed.params) as Params<Id>;
}

/** @throws ServiceError INVALID_REQUEST */
export function checkedQuery<Schema extends z.ZodType>(schema: Schema, routed: RoutedRequest): z.output<Schema> {
  return checked(schema, "query", parseQuery(routed.rawQueryString));
}

/** @throws ServiceError INVALID_REQUEST for a key that is empty, too long, or not visible ASCII */
export function idempotencyOf(id: OperationId, routed: RoutedRequest): { readonly idempotencyKey?: string } {
  const operation: Operation = operations[id];
  const idempotencyKey = headerValue(routed.headers, idempotencyKeyHeader);
  if (idempotencyKey === undefined || operation.keyed !== true) return {};
  if (idempotencyKey.length > idempotencyKeyCharsMax || !/^[\x21-\x7e]+$/.test(idempotencyKey)) {
    throw invalidRequest(
      "header",
      idempotencyKeyHeader,
      `must be 1 to ${idempotencyKeyCharsMax} visible ASCII characters`,
    );
  }
  return { idempotencyKey };
}

function jsonBody(schema: Operation, routed: RoutedRequest, bytesMax: number): unknown {
  if (schema.body === undefined) {
    if (routed.body.kind !== "none") throw invalidRequest("body", "", "must be empty here");
    return undefined;
  }
  if (schema.bodyOptional === true && routed.body.kind === "none") return {};
  contentKind(routed.headers, ["json"]);
  return jsonOf(routed.body, bytesMax);
}
