/** The operations as the API's document tells of them. */
import { openApiDocument } from "../../../shared/api/openapi.ts";
import { operations } from "../../../shared/api/operations.ts";
import type { Operation } from "../../../shared/api/operation.ts";
import { type HttpMethod, type OperationId, routes } from "../../../shared/api/routes.ts";
import { type JsonSchema, SchemaValues } from "./schema-values.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly schema: JsonSchema;
}

export interface ApiOperation {
  readonly id: OperationId;
  readonly method: HttpMethod;
  readonly path: string;
  readonly operation: Operation;
  readonly parameters: readonly Parameter[];
  /** Absent: it takes none. */
  readonly body?: JsonSchema;
  /** Codes that it may answer, by the document. */
  readonly errors: ReadonlySet<string>;
}

interface DocumentOperation {
  readonly operationId: OperationId;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: { readonly "application/json": { readonly schema: JsonSchema } } };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

const document = openApiDocument("0.0.0") as unknown as Document;

export const schemaValues = new SchemaValues(document.components.schemas);

/** By their keys in the table of routes. */
export const apiOperations: ReadonlyMap<OperationId, ApiOperation> = new Map(
  Object.values(document.paths)
    .flatMap((methods) => Object.values(methods))
    .map((described) => [described.operationId, apiOperation(described)]),
);

function apiOperation({ operationId: id, parameters, requestBody, responses }: DocumentOperation): ApiOperation {
  const failures = Object.entries(responses).filter(([status]) => Number(status) >= 400);
  const { method, path } = routes[id];
  const body = requestBody?.content["application/json"].schema;
  return {
    id,
    method,
    path,
    operation: operations[id],
    parameters,
    ...(body === undefined ? {} : { body }),
    errors: new Set(failures.flatMap(([, { description }]) => description.split(", "))),
  };
}
