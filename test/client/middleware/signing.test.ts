import { createHash, createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { FetchCommand, ProduceBatchesCommand, StreamkeeperClient } from "../../../client/index.ts";
import { signingMiddleware } from "../../../client/middleware/signing.ts";
import type { AwsCredentials } from "../../../client/middleware/signing.ts";
import type { Handler } from "../../../client/middleware-stack.ts";
import { answer, refuse, ScriptedServer } from "../scripted-server.ts";
import type { SeenRequest } from "../scripted-server.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const batchesAnswer = answer(200, { baseOffset: 0, logAppendTimeMs: -1, logStartOffset: 0 });

/**
 * The signature that AWS expects, computed from what arrived and nothing else
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 */
function expectedSignature(seen: SeenRequest, service: string, signedHeaders: string): string {
  const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
  const hmac = (key: string | Buffer, data: string) => createHmac("sha256", key).update(data).digest();
  const url = new URL(seen.url, "http://host");
  // Each segment is encoded once more than it was sent, and parameters are sorted by their names.
  const path = url.pathname.split("/").map(encodeURIComponent).join("/");
  const query = url.search.slice(1).split("&").toSorted().join("&");
  const headers = signedHeaders.split(";").map((name) => `${name}:${String(seen.headers[name])}\n`);
  const canonical = [seen.method, path, query, headers.join(""), signedHeaders, sha256(seen.body)].join("\n");
  const date = String(seen.headers["x-amz-date"]);
  const day = date.slice(0, 8);
  const scope = `${day}/eu-west-1/${service}/aws4_request`;
  const dayKey = hmac(`AWS4${credentials.secretAccessKey}`, day);
  const key = hmac(hmac(hmac(dayKey, "eu-west-1"), service), "aws4_request");
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
}

function authorizationOf(seen: SeenRequest | undefined) {
  const header = /Credential=(?<credential>\S+), SignedHeaders=(?<signedHeaders>\S+), Signature=(?<signature>\w+)/;
  const groups = header.exec(seen?.headers.authorization ?? "")?.groups;
  if (seen === undefined || groups === undefined) throw new TypeError("the request is not signed");
  return { seen, signedHeaders: groups["signedHeaders"] ?? "", signature: groups["signature"] };
}

describe("a signed request", () => {
  test.each(["execute-api", "lambda"] as const)("is what AWS expects of %s", async (signingService) => {
    await using server = await ScriptedServer.start(batchesAnswer);
    const options = { endpoint: `${server.endpoint}/prod`, credentials, region: "eu-west-1", signingService };
    using client = new StreamkeeperClient(options);
    const batches = Uint8Array.from({ length: 3000 }, (_, index) => index % 256);
    await client.send(
      new ProduceBatchesCommand({ topic: "a b*", partition: 0, batches, fencingToken: 9, expectedOffset: 3 }),
    );
    const { seen, signedHeaders, signature } = authorizationOf(server.seen[0]);
    expect(signedHeaders.split(";")).toEqual(
      expect.arrayContaining(["content-type", "host", "idempotency-key", "x-amz-content-sha256", "x-amz-date"]),
    );
    expect(signature).toBe(expectedSignature(seen, signingService, signedHeaders));
    expect(Buffer.compare(seen.body, batches)).toBe(0);
  });

  test("signs a request without a body", async () => {
    const watermarks = { nextOffset: 0, highWatermark: 0, lastStableOffset: 0, logStartOffset: 0 };
    await using server = await ScriptedServer.start(answer(200, { records: [], ...watermarks }));
    using client = new StreamkeeperClient({ endpoint: server.endpoint, credentials, region: "eu-west-1" });
    await client.send(new FetchCommand({ topic: "t", partition: 3, offset: 0, maxBytes: 10, waitMs: 0 }));
    const { seen, signedHeaders, signature } = authorizationOf(server.seen[0]);
    expect(signature).toBe(expectedSignature(seen, "execute-api", signedHeaders));
  });

  test("carries the token of temporary credentials", async () => {
    await using server = await ScriptedServer.start(batchesAnswer);
    const temporary = { ...credentials, sessionToken: "token" };
    using client = new StreamkeeperClient({ endpoint: server.endpoint, credentials: temporary, region: "eu-west-1" });
    await client.send(new ProduceBatchesCommand({ topic: "t", partition: 0, batches: new Uint8Array(1) }));
    const { seen, signedHeaders, signature } = authorizationOf(server.seen[0]);
    expect(seen.headers["x-amz-security-token"]).toBe("token");
    expect(signedHeaders).toContain("x-amz-security-token");
    expect(signature).toBe(expectedSignature(seen, "execute-api", signedHeaders));
  });

  test("is signed anew in each attempt", async () => {
    const unavailable = refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true });
    await using server = await ScriptedServer.start([unavailable, batchesAnswer]);
    let asked = 0;
    const provider = () => {
      asked += 1;
      return Promise.resolve({ ...credentials, accessKeyId: `AKID${asked}`, expiration: new Date() });
    };
    using client = new StreamkeeperClient({ endpoint: server.endpoint, credentials: provider, region: "eu-west-1" });
    await client.send(new ProduceBatchesCommand({ topic: "t", partition: 0, batches: new Uint8Array(1) }));
    const signers = server.seen.map((seen) => /Credential=(\w+)/.exec(seen.headers.authorization ?? "")?.[1]);
    expect(signers).toEqual(["AKID1", "AKID2"]);
  });
});

describe("credentials of a provider", () => {
  const signing = { region: "eu-west-1", service: "lambda" } as const;
  const request = {
    method: "GET",
    protocol: "http:",
    hostname: "h",
    path: "/",
    query: {},
    headers: {},
    signing,
  } as const;
  const response = { statusCode: 200, headers: {}, body: new Uint8Array() };

  function signer(provider: () => Promise<AwsCredentials>, now: () => Date) {
    const context = { commandName: "c", repeat: "read", attemptTimeoutMs: 1, maxAttempts: 1 } as const;
    const last: Handler<object, object> = () => Promise.resolve({ response });
    const handler = signingMiddleware(provider, now)(last, context);
    return () => handler({ input: {}, request });
  }

  test("are kept until five minutes before they expire", async () => {
    let nowMs = 1_000_000;
    let asked = 0;
    const provider = () => {
      asked += 1;
      return Promise.resolve({ ...credentials, expiration: new Date(nowMs + 3_600_000) });
    };
    const sign = signer(provider, () => new Date(nowMs));
    await Promise.all([sign(), sign(), sign()]);
    nowMs += 3_299_000;
    await sign();
    expect(asked).toBe(1);
    nowMs += 2_000;
    await sign();
    expect(asked).toBe(2);
  });

  test("are asked for again after the provider failed", async () => {
    let asked = 0;
    const provider = () => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error("no network")) : Promise.resolve(credentials);
    };
    const sign = signer(provider, () => new Date());
    await expect(sign()).rejects.toThrow("no network");
    await expect(sign()).resolves.toBeDefined();
  });
});
