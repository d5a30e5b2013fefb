/** Requests: what the API's document describes, with or without something wrong. */
import {
  authHeader,
  idempotencyKeyHeader,
  jsonMediaType,
  recordBatchMediaType,
  sessionHeader,
} from "../../../shared/api/routes.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { anyJson, jsonText, mutateJson } from "../mutate-json.ts";
import { mutateText, oddTexts } from "../mutate-text.ts";
import { anyBatch, sealBatches } from "../targets/record-targets.ts";
import { type ApiOperation, type Parameter, schemaValues } from "./api.ts";
import type { KnownValues } from "./known-values.ts";
import type { SentRequest } from "./world.ts";

const types = [
  "text/plain",
  "application/json; charset=latin1",
  "multipart/form-data",
  "",
  "application/x-www-form-urlencoded",
];

/** @param damage how likely each part of it is wrong */
export function makeRequest(random: FuzzRandom, api: ApiOperation, known: KnownValues, damage: number): SentRequest {
  const path = pathOf(random, api, known, damage);
  const query = queryOf(random, api, known, damage);
  const content = contentOf(random, api, known, damage);
  const accept: Record<string, string> =
    api.id === "fetch" && random.chance(0.4) ? { accept: recordBatchMediaType } : {};
  const headers = { ...headersOf(random, api, known, damage), ...content.headers, ...accept };
  const method = random.chance(damage * 0.1)
    ? random.pick(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", ""])
    : api.method;
  const body = content.body === undefined ? {} : { body: content.body };
  return { method, path, query, headers, ...body, via: random.pick(["direct", "direct", "gateway", "gateway base64"]) };
}

function pathOf(random: FuzzRandom, api: ApiOperation, known: KnownValues, damage: number): string {
  const path = api.path.replaceAll(/\{(\w+)(\+?)\}/g, (_, name: string, rest: string) => {
    const parameter = api.parameters.find((one) => one.name === name);
    const text = parameterText(random, name, parameter, known, damage * 0.5);
    return rest === ""
      ? encoded(random, text)
      : text
          .replace(/^\//, "")
          .split("/")
          .map((part) => encoded(random, part))
          .join("/");
  });
  return random.chance(damage * 0.1) ? mutateText(random, path) : path;
}

function parameterText(
  random: FuzzRandom,
  name: string,
  parameter: Parameter | undefined,
  known: KnownValues,
  damage: number,
): string {
  const value =
    parameter === undefined ? known.valueFor(name, random) : schemaValues.value(parameter.schema, name, random, known);
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
  return random.chance(damage) ? mutateText(random, text) : text;
}

/** As a client encodes it, or as it is. */
function encoded(random: FuzzRandom, text: string): string {
  if (random.chance(0.02)) return text;
  return text.isWellFormed() ? encodeURIComponent(text) : "%ED%A0%80";
}

function queryOf(random: FuzzRandom, api: ApiOperation, known: KnownValues, damage: number): string {
  const pairs = api.parameters
    .filter((one) => one.in === "query")
    .filter(({ required }) => required || random.chance(0.35))
    .map((one) => `${one.name}=${encoded(random, parameterText(random, one.name, one, known, damage * 0.4))}`);
  if (random.chance(damage * 0.2))
    pairs.push(`${encoded(random, random.pick(oddTexts))}=${encoded(random, random.pick(oddTexts))}`);
  if (random.chance(damage * 0.1)) pairs.push(...pairs);
  const query = pairs.join("&");
  return random.chance(damage * 0.1) ? mutateText(random, query) : query;
}

function headersOf(
  random: FuzzRandom,
  { operation }: ApiOperation,
  known: KnownValues,
  damage: number,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const damaged = (text: string): string => (random.chance(damage * 0.4) ? mutateText(random, text) : text);
  if (operation.keyed === true && random.chance(0.3)) headers[idempotencyKeyHeader] = damaged(`key-${random.below(4)}`);
  if (operation.session !== undefined && random.chance(operation.session === "own" ? 0.95 : 0.4)) {
    const session = known.sessions.length === 0 ? `5:${"A".repeat(22)}` : random.pick(known.sessions);
    headers[sessionHeader] = damaged(session);
  }
  if (operation.session === "any" && random.chance(0.2)) headers[authHeader] = damaged("digest YW5uOng=");
  return headers;
}

type Content = Pick<SentRequest, "headers" | "body">;

function contentOf(random: FuzzRandom, api: ApiOperation, known: KnownValues, damage: number): Content {
  if (api.body === undefined)
    return random.chance(damage * 0.1) ? jsonContent(jsonText(random, anyJson(random))) : { headers: {} };
  if (api.id === "produceToPartition" && random.chance(0.4)) return batchesContent(random, damage);
  if (api.operation.bodyOptional === true && random.chance(0.2)) return { headers: {} };
  const value = schemaValues.value(api.body, "", random, known);
  const isDamaged = random.chance(damage);
  const content = jsonContent(isDamaged ? jsonText(random, mutateJson(random, value)) : JSON.stringify(value));
  if (!random.chance(damage * 0.06)) return content;
  if (random.chance(0.3))
    return { headers: content.headers, body: { hex: Buffer.from(random.bytes(random.below(40))).toString("hex") } };
  const headers: Record<string, string> = random.chance(0.5)
    ? { "content-type": random.pick(types) }
    : { ...content.headers, "content-encoding": random.pick(["gzip", "br", "identity"]) };
  return { ...content, headers };
}

function jsonContent(text: string): Content {
  return { headers: { "content-type": jsonMediaType }, body: { text } };
}

function batchesContent(random: FuzzRandom, damage: number): Content {
  const batch = anyBatch(random);
  const bytes = random.chance(damage) ? mutateBytes(random, batch, []) : batch;
  const sealed = random.chance(0.8) ? sealBatches(bytes) : bytes;
  return { headers: { "content-type": recordBatchMediaType }, body: { hex: Buffer.from(sealed).toString("hex") } };
}
