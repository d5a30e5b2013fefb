/** The OpenAPI 3.1 document of the API, made from the route table and the schemas. */
import * as z from "zod";
import { idempotencyKeyCharsMax } from "../limits.ts";
import { errorTable } from "./errors.ts";
import type { ErrorCode } from "./errors.ts";
import { operations } from "./operations.ts";
import type { Operation } from "./operation.ts";
import {
  authHeader,
  fetchHeaders,
  idempotencyKeyHeader,
  jsonMediaType,
  recordBatchMediaType,
  routes,
  sessionHeader,
} from "./routes.ts";
import type { OperationId, Route } from "./routes.ts";
import { errorAnswer } from "./schemas/common.ts";

type Json = Record<string, unknown>;

/** What any operation may answer. */
const commonErrors: readonly ErrorCode[] = [
  "INVALID_REQUEST",
  "MESSAGE_TOO_LARGE",
  "UNSUPPORTED_MEDIA_TYPE",
  "THROTTLING_QUOTA_EXCEEDED",
  "SYSTEM_ERROR",
  "KAFKA_STORAGE_ERROR",
  "REQUEST_TIMED_OUT",
];
const recordBatches: Json = {
  schema: { type: "string", format: "binary", description: "RecordBatches v2, one after the other." },
};

/** @returns the document, plain JSON; `version` is the API's, from package.json */
export function openApiDocument(version: string): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const [id, route] of Object.entries(routes) as [OperationId, Route][]) {
    const path = (paths[route.path.replace("+}", "}")] ??= {});
    path[route.method.toLowerCase()] = operationObject(id, route, components);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Streamkeeper",
      version,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      description:
        "Topics with partitions, groups, transactions, znodes, sessions, elections and locks over HTTP. Keys and values are UTF-8 strings or base64; ids of 64 bits are strings, all other " +
        "numbers are whole and below 2^53. A request with a field or a parameter that is not known is refused.",
    },
    servers: [{ url: "http://127.0.0.1:8080", description: "npm start" }],
    paths,
    components: { schemas: components.sorted() },
  };
}

/** Schemas with an id stand once under `components`, whoever refers to them. */
class Components {
  private readonly schemas = new Map<string, Json>();

  reference(schema: z.ZodType, io: "input" | "output"): Json {
    const { $schema: _dialect, $defs, ...json } = z.toJSONSchema(schema, { io, override: withoutClosedAnswers(io) });
    for (const [name, definition] of Object.entries($defs ?? {})) this.schemas.set(name, rebased(definition) as Json);
    return rebased(json) as Json;
  }

  sorted(): Json {
    return Object.fromEntries([...this.schemas].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}

/** A client must not refuse an answer for a field that a later version added. */
function withoutClosedAnswers(io: "input" | "output") {
  return ({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodTypes; jsonSchema: Json }): void => {
    if (io === "output" && zodSchema._zod.def.type === "object") delete jsonSchema["additionalProperties"];
  };
}

function rebased(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(rebased);
  if (typeof json !== "object" || json === null) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [
      key,
      key === "$ref" ? String(value).replace("#/$defs/", "#/components/schemas/") : rebased(value),
    ]),
  );
}

function operationObject(id: OperationId, route: Route, components: Components): Json {
  const operation: Operation = operations[id];
  const requestBody = bodyObject(id, operation, components);
  return {
    operationId: id,
    tags: [route.capability],
    summary: operation.summary,
    parameters: parameterObjects(operation, components),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: { [operation.status]: answerObject(id, operation, components), ...errorObjects(operation, components) },
  };
}

function parameterObjects(operation: Operation, components: Components): Json[] {
  const parameters = [
    ...schemaParameters(operation.params, "path", components),
    ...schemaParameters(operation.query, "query", components),
    ...(operation.batches?.query === undefined
      ? []
      : schemaParameters(operation.batches.query, "query", components).map((parameter) => ({
          ...parameter,
          description: `With ${recordBatchMediaType} only. ${String(parameter["description"])}`,
        }))),
  ];
  if (operation.keyed === true) {
    parameters.push({
      name: idempotencyKeyHeader,
      in: "header",
      required: false,
      description: "A write that is sent again under the same key is applied once.",
      schema: { type: "string", minLength: 1, maxLength: idempotencyKeyCharsMax, pattern: "^[\\x21-\\x7e]+$" },
    });
  }
  if (operation.session !== undefined) parameters.push(...callerParameters(operation.session));
  return parameters;
}

function callerParameters(session: "any" | "own"): Json[] {
  const sessionParameter = {
    name: sessionHeader,
    in: "header",
    required: session === "own",
    description: "`<session id>:<password>`, as they were given when the session was created.",
    schema: { type: "string", pattern: "^[0-9]{1,19}:[A-Za-z0-9_-]{22}$" },
  };
  if (session === "own") return [sessionParameter];
  const authParameter = {
    name: authHeader,
    in: "header",
    required: false,
    description:
      "`digest <base64 of user:password>`: who asks, for access control lists. Several are joined by commas.",
    schema: { type: "string" },
  };
  return [sessionParameter, authParameter];
}

function schemaParameters(schema: z.ZodObject, place: "path" | "query", components: Components): Json[] {
  return Object.entries(schema.shape).map(([name, field]) => {
    const { description, ...json } = components.reference(field as z.ZodType, "output");
    const required = !z.safeParse(field as z.ZodType, undefined).success;
    return { name, in: place, required, ...(description === undefined ? {} : { description }), schema: json };
  });
}

function bodyObject(id: OperationId, operation: Operation, components: Components): Json | undefined {
  if (operation.body === undefined) return undefined;
  const content: Json = { [jsonMediaType]: { schema: components.reference(operation.body, "input") } };
  if (id === "produceToPartition") content[recordBatchMediaType] = recordBatches;
  return { required: operation.bodyOptional !== true, content };
}

function answerObject(id: OperationId, operation: Operation, components: Components): Json {
  if (operation.answer === undefined) return { description: "Done" };
  const schema = components.reference(operation.answer, "output");
  const batchesAnswer = operation.batches?.answer;
  if (batchesAnswer !== undefined) {
    const anyOf = [schema, components.reference(batchesAnswer, "output")];
    const description = "For JSON the records' offsets, for record batches the first one's";
    return { description, content: { [jsonMediaType]: { schema: { anyOf } } } };
  }
  if (id !== "fetch") return { description: "Done", content: { [jsonMediaType]: { schema } } };
  return {
    description: "Records, in the order of their offsets",
    headers: Object.fromEntries(
      Object.entries(fetchHeaders).map(([field, header]) => [
        header,
        { description: `${field}, where record batches are answered`, schema: { type: "integer", minimum: 0 } },
      ]),
    ),
    content: { [jsonMediaType]: { schema }, [recordBatchMediaType]: recordBatches },
  };
}

function errorObjects(operation: Operation, components: Components): Json {
  components.reference(errorAnswer, "output");
  const byStatus = Map.groupBy(new Set([...operation.errors, ...commonErrors]), (code) => errorTable[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.join(", "),
        content: { [jsonMediaType]: { schema: components.reference(errorAnswer, "output") } },
      },
    ]),
  );
}
