/** From a routed request to a service call and back: the part that every operation shares. */
import type * as z from "zod";
import type { OperationId } from "../../shared/api/routes.ts";
import { idempotencyKeyHeader } from "../../shared/api/routes.ts";
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

/** Makes operations with JSON in and out, checked against their schemas. */
export interface JsonOperations<Id extends OperationId> {
  readonly jsonOperation: <One extends Id>(
    id: One,
    handle: (request: ApiRequest<One>) => Promise<AnswerOf<One>>,
    bodyBytesMax?: number,
  ) => ServedOperation;
  /** As `jsonOperation`, for a body that is parsed by hand because its schema would be too slow. */
  readonly jsonOperationWith: <One extends Id, Body>(
    id: One,
    parseBody: (json: unknown) => Body,
    bodyBytesMax: number,
    handle: (request: ApiRequest<One, Body>) => Promise<AnswerOf<One>>,
  ) => ServedOperation;
}

/** @param operations of one capability: the schemas of others would only make a cold start longer */
export function serving<Id extends OperationId>(operations: Pick<Operations, Id>): JsonOperations<Id> {
  const jsonOperationWith: JsonOperations<Id>["jsonOperationWith"] = (id, parseBody, bodyBytesMax, handle) => {
    const operation: Operation = operations[id];
    return {
      id,
      async serve(routed) {
        const params = checkedParams(operation, routed) as Params<typeof id>;
        const query = checkedQuery(operation.query, routed) as z.output<Operations[typeof id]["query"]>;
        const body = parseBody(jsonBody(operation, routed, bodyBytesMax));
        const answer = await handle({ params, query, body, idempotency: idempotencyOf(operation, routed), routed });
        return answer === undefined ? { status: operation.status, headers: {} } : jsonAnswer(operation.status, answer);
      },
    };
  };
  return {
    jsonOperationWith,
    jsonOperation(id, handle, bodyBytesMax = metadataBodyBytesMax) {
      const { body }: Operation = operations[id];
      const parseBody = (json: unknown): FieldOf<typeof id, "body"> =>
        (body === undefined ? undefined : checked(body, "body", json)) as FieldOf<typeof id, "body">;
      return jsonOperationWith(id, parseBody, bodyBytesMax, handle);
    },
  };
}

/** @throws ServiceError INVALID_REQUEST */
export function checkedParams<Schema extends z.ZodType>(
  operation: { readonly params: Schema },
  routed: RoutedRequest,
): z.output<Schema> {
  return checked(operation.params, "path", routed.params);
}

/** @throws ServiceError INVALID_REQUEST */
export function checkedQuery<Schema extends z.ZodType>(schema: Schema, routed: RoutedRequest): z.output<Schema> {
  return checked(schema, "query", parseQuery(routed.rawQueryString));
}

/** @throws ServiceError INVALID_REQUEST for a key that is empty, too long, or not visible ASCII */
export function idempotencyOf(operation: Operation, routed: RoutedRequest): { readonly idempotencyKey?: string } {
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
