import { createServer } from "node:http";
import { once } from "node:events";
import { afterEach, expect, test, vi } from "vitest";
import { HealthCommand } from "../../../client/index.ts";
import { CommandError } from "../../../local/command-error.ts";
import { connect } from "../../../local/console/connection.ts";

afterEach(() => vi.unstubAllEnvs());

/** What a client's request says of who sends it. */
async function authorizationOf(options: { readonly region?: string }): Promise<string | undefined> {
  const server = createServer((_request, response) => response.end(`{"status":"ok"}`)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const asked = once(server, "request") as Promise<[{ headers: { authorization?: string } }]>;
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const client = connect({ endpoint: `http://127.0.0.1:${port}`, namespace: "default", ...options });
  try {
    await client.send(new HealthCommand({}));
    return (await asked)[0].headers.authorization;
  } finally {
    client.destroy();
    server.close();
  }
}

test("signs for the region that is given, whatever the endpoint is called", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  const authorization = await authorizationOf({ region: "eu-central-1" });
  expect(authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/execute-api\/aws4_request, /,
  );
});

test("shows its credentials to no endpoint that is not on AWS, unless a region is given", async () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  expect(await authorizationOf({})).toBeUndefined();
});

test("refuses a region without credentials to sign with", () => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
  const options = { endpoint: "http://127.0.0.1:1", namespace: "default", region: "eu-central-1" };
  expect(() => connect(options)).toThrow(CommandError);
});
