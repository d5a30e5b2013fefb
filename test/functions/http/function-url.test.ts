import { describe, expect, test } from "vitest";
import { createHttpHandler } from "../../../functions/http/handler.ts";
import type { GatewayAnswer, HttpEvent, RoutedRequest } from "../../../functions/http/event.ts";
import type { ServedOperation } from "../../../functions/http/operation.ts";

/** As a function URL with IAM sends it (https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html), cut short. */
const sent = {
  version: "2.0",
  routeKey: "$default",
  rawPath: "/v1/team/topics/100%25%20a%2Fb/partitions/0/records",
  rawQueryString: "fencingToken=7",
  headers: {
    "content-length": "3",
    "content-type": "application/vnd.kafka.record-batch.v2",
    host: "abc.lambda-url.us-west-2.on.aws",
    "x-amzn-trace-id": "Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
  },
  requestContext: {
    accountId: "123456789012",
    apiId: "abc",
    authentication: null,
    authorizer: { iam: { accountId: "123456789012", userArn: "arn:aws:iam::123456789012:user/writer" } },
    domainName: "abc.lambda-url.us-west-2.on.aws",
    http: { method: "POST", path: "/", protocol: "HTTP/1.1", sourceIp: "203.0.113.7", userAgent: "agent" },
    requestId: "id-1",
    routeKey: "$default",
    stage: "$default",
  },
  body: Buffer.from([0xff, 0x00, 0x80]).toString("base64"),
  isBase64Encoded: true,
};
const event: HttpEvent = sent;

function serving(): { readonly operation: ServedOperation; readonly seen: RoutedRequest[] } {
  const seen: RoutedRequest[] = [];
  const serve: ServedOperation["serve"] = (request) => {
    seen.push(request);
    return Promise.resolve({ status: 200, headers: {}, body: [Uint8Array.of(0xff, 0x01)] });
  };
  return { seen, operation: { id: "produceToPartition", serve } };
}

describe("an event of a function URL", () => {
  test("is a request with its path still encoded, its body as base64 and the caller that IAM knows", async () => {
    const { operation, seen } = serving();
    const answer = (await createHttpHandler([operation])(event, {})) as GatewayAnswer;
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      params: { namespace: "team", topic: "100% a/b", partition: "0" },
      rawQueryString: "fencingToken=7",
      body: { kind: "bytes", bytes: Buffer.from([0xff, 0x00, 0x80]) },
      caller: { sourceIp: "203.0.113.7", userArn: "arn:aws:iam::123456789012:user/writer" },
    });
    expect(answer).toMatchObject({ statusCode: 200, isBase64Encoded: true, body: "/wE=" });
  });

  test("for what another function serves is NOT_FOUND: a URL leads to one function and not to the API", async () => {
    const { operation, seen } = serving();
    const answer = (await createHttpHandler([operation])(
      { ...event, rawPath: "/v1/team/topics" },
      {},
    )) as GatewayAnswer;
    expect([answer.statusCode, seen]).toEqual([404, []]);
  });
});
