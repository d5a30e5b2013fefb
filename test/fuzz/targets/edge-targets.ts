/** The edge: paths, queries, headers and bodies before a service sees them, and answers as the client reads them. */
import { createHash } from "node:crypto";
import { StreamkeeperServiceException, NoAnswerException } from "../../../client/exceptions.ts";
import { encodeUriPart } from "../../../client/http-message.ts";
import { jsonOf as jsonOfAnswer, numberHeaderOf, serviceExceptionOf } from "../../../client/service-answer.ts";
import { retryDelayMs } from "../../../client/middleware/retry-policy.ts";
import { jsonOf, readBody } from "../../../functions/http/body.ts";
import { callContext, ownSession } from "../../../functions/http/caller.ts";
import type { RoutedRequest } from "../../../functions/http/event.ts";
import { acceptedKind, contentKind } from "../../../functions/http/media-type.ts";
import { idempotencyOf } from "../../../functions/http/operation.ts";
import { parseQuery } from "../../../functions/http/query.ts";
import { Router } from "../../../functions/http/router.ts";
import { parseAtomicBody } from "../../../functions/records/atomic-body.ts";
import { parsePartitionProduceBody, parseProduceBody } from "../../../functions/records/produced-records.ts";
import { HostCheck } from "../../../local/host-check.ts";
import { ServiceError } from "../../../shared/api/errors.ts";
import { operations } from "../../../shared/api/operations.ts";
import {
  authHeader,
  idempotencyKeyHeader,
  type OperationId,
  routes,
  sessionHeader,
} from "../../../shared/api/routes.ts";
import { produceBody, produceToPartitionBody } from "../../../shared/api/schemas/produce.ts";
import { metadataBodyBytesMax } from "../../../shared/limits.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { bytesTarget, FuzzFailure, jsonTarget, sameAgain, type Target, textTarget } from "../target.ts";

const password = "AAAAAAAAAAAAAAAAAAAAAA";
const utf8 = new TextEncoder();

function routed(headers: RoutedRequest["headers"]): RoutedRequest {
  return {
    params: {},
    rawQueryString: "",
    headers,
    body: { kind: "none" },
    caller: { sourceIp: "127.0.0.1", userArn: headers["x-arn"] === undefined ? undefined : String(headers["x-arn"]) },
    answerBytesMax: 1_000,
    waitMsMax: 1_000,
    signal: new AbortController().signal,
  };
}

const router = new Router(Object.keys(routes) as OperationId[]);

function readTarget(text: string): void {
  const [method = "", ...rest] = text.split(" ");
  const path = rest.join(" ");
  const match = router.match(method, path, false);
  if (match.kind !== "operation") return;
  for (const value of Object.values(match.params)) {
    if (typeof value !== "string") throw new FuzzFailure("a parameter is no text");
  }
  if (Object.keys(match.params).some((name) => !routes[match.operationId].path.includes(`{${name}`))) {
    throw new FuzzFailure("a parameter that the route does not have");
  }
}

/** What the client writes for any name, the router must read as that name. */
function readSegment(text: string): void {
  if (!text.isWellFormed() || text === "") return;
  const match = router.match("GET", `/v1/default/topics/${encodeUriPart(text)}`, false);
  if (match.kind !== "operation" || match.params["topic"] !== text) throw new FuzzFailure(`${text} is not its name`);
}

function readQuery(text: string): void {
  const query = parseQuery(text);
  // As it came, half a character would be refused by the transport.
  if (!text.isWellFormed()) return;
  const again = Object.entries(query)
    .map(([name, value]) => `${encodeUriPart(name)}=${encodeUriPart(value)}`)
    .join("&");
  sameAgain(
    { ...query },
    () => again,
    (one) => ({ ...parseQuery(one) }),
  );
}

const recordSamples = [
  { records: [{ value: "a" }] },
  { records: [{ key: "k", value: { base64: "3q2+7w==" }, headers: { h: "v" }, partition: 1, timestamp: 5 }] },
  { records: [{ key: null, value: null, headers: [{ key: "h", value: null }] }] },
];

/** What is read by hand is what the schema accepts. */
function readRecords(value: unknown): void {
  const parsed = produceBody.safeParse(value).success;
  let read = true;
  try {
    parseProduceBody(value);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    read = error.code !== "INVALID_REQUEST";
  }
  // A schema passes over this one name.
  const isOdd = (JSON.stringify(value) ?? "").includes('"__proto__"');
  if (parsed && !read && !isOdd) throw new FuzzFailure("the schema accepts what is refused");
  if (!parsed) throw new ServiceError("INVALID_REQUEST", "declined");
}

const answerSamples = [
  { error: "NO_NODE", message: "m", retriable: false, details: { field: "x" }, requestId: "r" },
  { error: "REQUEST_TIMED_OUT", message: "m", retriable: true, details: { effect: "unknown" }, requestId: "r" },
  { message: "Forbidden" },
  { Message: "x" },
];

function readAnswer(value: unknown, random: number): void {
  const body = utf8.encode(JSON.stringify(value) ?? "");
  const retryAfter = ["1", "-5", "1e300", "Infinity", "x", ""][random % 6] ?? "";
  const headers = {
    "retry-after": retryAfter,
    "x-amzn-errortype": Buffer.from(body.subarray(0, 50)).toString("latin1"),
  };
  const exception = serviceExceptionOf({ statusCode: [400, 429, 500, 503, 504][random % 5] ?? 500, headers, body });
  if (!(exception instanceof StreamkeeperServiceException)) throw new FuzzFailure("no exception");
  const delayMs = retryDelayMs(1, 0.5, exception.retryAfterMs);
  if (!(delayMs >= 0 && delayMs <= 10_000)) throw new FuzzFailure(`a wait of ${delayMs} ms`);
  exception.hasNoSideEffects();
}

const headerTargets: readonly Target[] = [
  textTarget({
    name: "edge.content-type",
    covers: ["functions/http/media-type.ts#contentKind"],
    declared: [ServiceError],
    samples: [
      "application/json",
      "application/json; charset=utf-8",
      "application/vnd.kafka.record-batch.v2",
      "text/plain",
      'APPLICATION/JSON;charset="UTF-8"',
    ],
    read: (text) =>
      void contentKind({ "content-type": text, ...(text.length % 7 === 0 ? { "content-encoding": text } : {}) }, [
        "json",
        "batches",
      ]),
  }),
  textTarget({
    name: "edge.accept",
    covers: ["functions/http/media-type.ts#acceptedKind"],
    declared: [ServiceError],
    samples: [
      "*/*",
      "application/json;q=0.5, application/vnd.kafka.record-batch.v2",
      "text/html",
      "application/*;q=0",
      "",
    ],
    read: (text) => void acceptedKind({ accept: text }),
  }),
  textTarget({
    name: "edge.session",
    covers: ["functions/http/caller.ts#callContext", "functions/http/caller.ts#ownSession"],
    declared: [ServiceError],
    samples: [`123:${password}`, `9223372036854775807:${password}`, "0:", "x"],
    read: (text) => {
      const { session } = callContext(routed({ [sessionHeader]: text }), "default", {});
      if (session?.password.length !== 16) throw new FuzzFailure("a password of another length");
      ownSession(routed({ [sessionHeader]: text }), String(session.sessionId));
    },
  }),
  textTarget({
    name: "edge.auth",
    covers: ["functions/http/caller.ts#callContext"],
    declared: [ServiceError],
    samples: ["digest YW5uOng=", "Digest YW5uOng=, digest Ym9iOnk=", "basic x", "digest ", "digest Og=="],
    read: (text) => {
      const superDigest = `ann:${createHash("sha1").update("ann:x").digest("base64")}`;
      callContext(routed({ [authHeader]: text, "x-arn": text }), "default", { superDigest });
    },
  }),
  textTarget({
    name: "edge.idempotency-key",
    covers: ["functions/http/operation.ts#idempotencyOf"],
    declared: [ServiceError],
    samples: ["key-1", "x".repeat(128), "a b", "é"],
    read: (text) => {
      const { idempotencyKey } = idempotencyOf(operations.createTopic, routed({ [idempotencyKeyHeader]: text }));
      if (idempotencyKey !== text) throw new FuzzFailure("another key");
    },
  }),
  textTarget({
    name: "edge.host",
    covers: ["local/host-check.ts#HostCheck"],
    declared: [ServiceError],
    samples: ["localhost:8080", "127.0.0.1", "[::1]:80", "evil.example", "http://localhost"],
    read: (text) => {
      new HostCheck("127.0.0.1").check({ host: text });
      new HostCheck("127.0.0.1").check({ origin: text });
    },
  }),
];

export const edgeTargets: readonly Target[] = [
  ...headerTargets,
  textTarget({
    name: "edge.route",
    covers: ["functions/http/router.ts#Router"],
    declared: [ServiceError],
    samples: Object.values(routes).map(({ method, path }) => `${method} ${path.replaceAll(/\{(\w+)\+?\}/g, "a%20b")}`),
    read: readTarget,
  }),
  textTarget({
    name: "edge.path-segment",
    covers: ["functions/http/router.ts#Router"],
    declared: [],
    samples: ["orders", "a/b", "a b", "é", "%", "..", "?#", "\u{1f600}"],
    read: readSegment,
  }),
  textTarget({
    name: "edge.query",
    covers: ["functions/http/query.ts#parseQuery"],
    declared: [ServiceError],
    samples: ["limit=5&nextToken=a", "a=%20b+c", "a", "=&=", "a=1&a=2", "a=%F0%9F%98%80", "__proto__=1"],
    read: readQuery,
  }),
  bytesTarget({
    name: "edge.json-body",
    covers: ["functions/http/body.ts#readBody", "functions/http/body.ts#checkBodyLength"],
    declared: [ServiceError],
    sample: (random) => utf8.encode(JSON.stringify(random.pick(recordSamples))),
    read: (bytes, random) => {
      const base = {
        rawPath: "/",
        rawQueryString: "",
        headers: {},
        requestContext: { requestId: "r", http: { method: "POST" } },
      };
      const text = Buffer.from(bytes).toString(random.chance(0.5) ? "base64" : "latin1");
      const event = random.chance(0.5)
        ? { ...base, isBase64Encoded: false, direct: { body: bytes, signal: new AbortController().signal } }
        : { ...base, isBase64Encoded: random.chance(0.5), body: text };
      jsonOf(readBody(event), metadataBodyBytesMax);
    },
  }),
  jsonTarget({
    name: "edge.records",
    covers: [
      "functions/records/produced-records.ts#parseProduceBody",
      "functions/records/produced-records.ts#parseRecords",
      "functions/records/produced-records.ts#checkRecordCount",
    ],
    declared: [ServiceError],
    sample: (random) => random.pick(recordSamples),
    read: readRecords,
  }),
  jsonTarget({
    name: "edge.partition-records",
    covers: ["functions/records/produced-records.ts#parsePartitionProduceBody"],
    declared: [ServiceError],
    sample: (random: FuzzRandom) => ({
      records: [{ value: "a", key: "k" }],
      ...(random.chance(0.5) ? { producerId: "5", producerEpoch: 0, baseSequence: 1 } : {}),
      ...(random.chance(0.3) ? { expectedOffset: 3, fencingToken: 9 } : {}),
    }),
    read: (value) => {
      parsePartitionProduceBody(value);
      if (!produceToPartitionBody.safeParse(value).success)
        throw new FuzzFailure("the schema refuses what is accepted");
    },
  }),
  jsonTarget({
    name: "edge.atomic-body",
    covers: ["functions/records/atomic-body.ts#parseAtomicBody", "functions/records/group-requests.ts#checkCommitter"],
    declared: [ServiceError],
    sample: () => ({
      produce: [{ topic: "orders", records: [{ value: "a", partition: 0 }] }],
      offsets: [{ group: "g", memberId: "m", memberEpoch: 1, offsets: [{ topic: "orders", partition: 0, offset: 1 }] }],
    }),
    read: (value) => void parseAtomicBody(value),
  }),
  jsonTarget({
    name: "client.error-answer",
    covers: ["client/service-answer.ts#serviceExceptionOf"],
    declared: [],
    sample: (random) => random.pick(answerSamples),
    read: (value) => {
      for (let choice = 0; choice < 6; choice += 1) readAnswer(value, choice);
    },
  }),
  bytesTarget({
    name: "client.answer",
    covers: ["client/service-answer.ts#jsonOf", "client/service-answer.ts#numberHeaderOf"],
    declared: [NoAnswerException],
    sample: (random) => utf8.encode(JSON.stringify(random.pick(answerSamples))),
    read: (body, random) => {
      const response = {
        statusCode: 200,
        headers: { "x-number": Buffer.from(body.subarray(0, 20)).toString("latin1") },
        body,
      };
      if (random.chance(0.7)) jsonOfAnswer(response);
      else numberHeaderOf(response, "x-number");
    },
  }),
];
