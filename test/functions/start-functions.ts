/** The functions with all operations, fed with API Gateway's events. */
import type { Authorization } from "../../functions/http/authorization.ts";
import type { AccessSettings } from "../../functions/http/caller.ts";
import type { GatewayAnswer, HttpEvent, InvocationContext } from "../../functions/http/event.ts";
import { createHttpHandler } from "../../functions/http/handler.ts";
import type { LogFields } from "../../functions/http/log.ts";
import { electionOperations } from "../../functions/operations/election.ts";
import { fetchOperations } from "../../functions/operations/fetch.ts";
import { groupsOperations } from "../../functions/operations/groups.ts";
import { healthOperations } from "../../functions/operations/health.ts";
import { produceOperations } from "../../functions/operations/produce.ts";
import { sessionsOperations } from "../../functions/operations/sessions.ts";
import { shareGroupsOperations } from "../../functions/operations/share-groups.ts";
import { topicsOperations } from "../../functions/operations/topics.ts";
import { transactionsOperations } from "../../functions/operations/transactions.ts";
import { znodeOperations } from "../../functions/operations/znode.ts";
import { jsonMediaType, recordBatchMediaType } from "../../shared/api/routes.ts";
import { encodeBatch } from "../../shared/record/encode-batch.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { observedServices } from "./observed-services.ts";

export const orders = "/v1/default/topics/orders";
export const records = `${orders}/partitions/0/records`;
export const asBatches = { "content-type": recordBatchMediaType };
export const acceptBatches = { accept: recordBatchMediaType };

/** A batch of records with these values, not compressed. */
export function batchOf(...values: readonly string[]): Uint8Array {
  const records = values.map((value) => ({ key: null, value: Buffer.from(value), timestamp: 1_700_000_000_000 }));
  return encodeBatch({ records }, (_type, bytes) => bytes);
}

export interface Sent {
  /** A string is sent as JSON, bytes as base64. */
  readonly body?: string | Uint8Array;
  readonly headers?: Record<string, string>;
  readonly remainingMs?: number;
  readonly sourceIp?: string;
  /** Who signed the request. */
  readonly userArn?: string;
  /** What the token says that was checked. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** In place of the target's, for what a target cannot say. */
  readonly rawPath?: string;
  /** The route that API Gateway found; it then has decoded the path. Default: as a function URL has it. */
  readonly routeKey?: string;
}

export interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: Record<string, unknown>;
  readonly raw: Buffer;
  readonly answer: GatewayAnswer;
}

export interface Start {
  readonly access?: AccessSettings;
  readonly authorization?: Authorization;
  readonly storage?: Storage;
  /** Default Lambda's. */
  readonly answerBytesMax?: number;
  /** Of the container. */
  readonly context?: Omit<InvocationContext, "getRemainingTimeInMillis">;
}

export function startFunctions({ access = {}, storage, authorization, answerBytesMax, context = {} }: Start = {}) {
  const observed = observedServices(storage);
  const { services } = observed;
  const logged: { readonly event: string; readonly fields: LogFields }[] = [];
  const handler = createHttpHandler(
    [
      ...healthOperations(services),
      ...topicsOperations(services),
      ...produceOperations(services),
      ...fetchOperations(services, access),
      ...groupsOperations(services),
      ...shareGroupsOperations(services),
      ...transactionsOperations(services),
      ...sessionsOperations(services),
      ...znodeOperations(services, access),
      ...electionOperations(services, access),
    ],
    (_level, event, fields) => logged.push({ event, fields }),
    authorization,
    answerBytesMax,
  );
  /** @param request method and target, for example `GET /health?probe=live` */
  const send = async (request: string, sent: Sent = {}): Promise<Received> => {
    const { body, headers = {}, remainingMs = 29_000, sourceIp, userArn, claims, routeKey = "$default" } = sent;
    const [method = "", target = ""] = request.split(" ");
    const [targetPath = "", rawQueryString = ""] = target.split("?");
    const isBytes = typeof body === "object";
    const event: HttpEvent = {
      rawPath: sent.rawPath ?? targetPath,
      rawQueryString,
      headers: { ...(typeof body === "string" ? { "content-type": jsonMediaType } : {}), ...headers },
      routeKey,
      requestContext: {
        requestId: "request-1",
        http: { method, ...(sourceIp === undefined ? {} : { sourceIp }) },
        ...(userArn === undefined ? {} : { authorizer: { iam: { userArn } } }),
        ...(claims === undefined ? {} : { authorizer: { jwt: { claims } } }),
      },
      isBase64Encoded: isBytes,
      ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body).toString("base64") : body }),
    };
    const answer = (await handler(event, { ...context, getRemainingTimeInMillis: () => remainingMs })) as GatewayAnswer;
    const raw = Buffer.from(answer.body ?? "", answer.isBase64Encoded ? "base64" : "utf8");
    const isJson = answer.headers["content-type"] === jsonMediaType;
    const json = (isJson ? JSON.parse(raw.toString("utf8")) : {}) as Record<string, unknown>;
    return { status: answer.statusCode, headers: answer.headers, json, raw, answer };
  };
  return { ...observed, logged, send };
}

/** The same with a topic `orders`. */
export async function startWithTopic(partitions = 3) {
  const functions = startFunctions();
  await functions.services.topics.create("default", { name: "orders", partitions });
  functions.calls.length = 0;
  return functions;
}
