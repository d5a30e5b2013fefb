/** What a function makes of tokens, and of requests without one; and access control lists by principal. */
import { describe, expect, test } from "vitest";
import { authorizationFromEnvironment } from "../../functions/http/authorization.ts";
import { routes } from "../../shared/api/routes.ts";
import { ApiBed, type ApiCall } from "../functions/api-bed.ts";
import type { Received } from "../functions/start-functions.ts";

const byToken = { kind: "jwt", claim: "streamkeeper" } as const;

/** As API Gateway sends it: with the route that it found. */
function viaGateway(bed: ApiBed, call: ApiCall): Promise<Received> {
  const { method, path } = routes[call.id];
  return bed.send({ ...call, routeKey: `${method} ${path}` });
}

const listTopics = { id: "listTopics" } as const;
const describe_ = (topic: string) => ({ id: "describePartitions", params: { topic } }) as const;
const codeOf = ({ status, json }: Received): unknown => (status < 400 ? "served" : json["error"]);

describe("where the environment says tokens", () => {
  const bed = new ApiBed({ authorization: byToken });
  const said = async (claims: Readonly<Record<string, unknown>>, call: ApiCall): Promise<unknown> =>
    codeOf(await viaGateway(bed, { ...call, claims }));

  test("a request without claims is refused, whoever signed it and wherever it comes from", async () => {
    expect(codeOf(await viaGateway(bed, listTopics))).toBe("AUTH_FAILED");
    expect(codeOf(await bed.send(listTopics))).toBe("AUTH_FAILED");
    const userArn = "arn:aws:iam::123456789012:user/ann";
    expect(codeOf(await viaGateway(bed, { ...listTopics, userArn }))).toBe("AUTH_FAILED");
    expect(await said({ streamkeeper: "admin:default" }, listTopics)).toBe("AUTH_FAILED");
    expect(await said({ sub: "", streamkeeper: "admin:default" }, listTopics)).toBe("AUTH_FAILED");
  });

  test("permissions stand in the claim, as text or as a list, or in the scope, among others", async () => {
    const permission = "read:default";
    for (const claims of [
      { streamkeeper: permission },
      { streamkeeper: `[openid ${permission}]` },
      { streamkeeper: `openid,${permission}` },
      { streamkeeper: ["openid", permission] },
      { scope: `openid ${permission} email` },
    ]) {
      expect([claims, await said({ sub: "ann", ...claims }, listTopics)]).toEqual([claims, "served"]);
    }
  });

  test.each([
    "",
    "read",
    "read:",
    "read:*",
    "read:default*",
    "read:default/",
    "Read:default",
    "admin:namespaces",
    "produce:default",
    "produce:default/",
    "produce:default/a/b",
    "produce:*/orders",
    "consume:default/orders",
    "fetch:default/%zz",
    "fetch:default/a%2Fb",
    "coordinate:default/../other",
    "observe:default//a",
    "everything:default",
  ])("a permission that is none allows nothing: %s", async (permission) => {
    expect(await said({ sub: "ann", streamkeeper: permission }, listTopics)).toBe("CLUSTER_AUTHORIZATION_FAILED");
    expect(await said({ sub: "ann", streamkeeper: permission }, describe_("a"))).toBe("TOPIC_AUTHORIZATION_FAILED");
  });

  test("an asterisk that is percent-encoded is one in a name", async () => {
    const claims = { sub: "ann", streamkeeper: "consume:default/orders/mail%2A" };
    const groupOf = (group: string) => ({ id: "describeGroup", params: { group } }) as const;
    expect(await said(claims, groupOf("mail*"))).toBe("GROUP_ID_NOT_FOUND");
    expect(await said(claims, groupOf("mails"))).toBe("GROUP_AUTHORIZATION_FAILED");
  });

  test("a name is what the function acts on, not what the URL looks like", async () => {
    const claims = { sub: "ann", streamkeeper: "produce:default/orders-*" };
    expect(await said(claims, describe_("orders-eu"))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
    expect(codeOf(await bed.send({ ...describe_("orders-%2F..%2Fpayments"), claims }))).toBe("INVALID_TOPIC_EXCEPTION");
    expect(codeOf(await bed.send({ ...describe_("orders-/../payments"), claims }))).toBe("NOT_FOUND");
  });

  test("what a body names is not at hand to whoever has a path", async () => {
    const claims = { sub: "ann", streamkeeper: "coordinate:default/app" };
    const multi = (...ops: readonly object[]): ApiCall => ({
      id: "multiBelow",
      params: { path: "app" },
      body: { ops },
    });
    expect(await said(claims, multi({ type: "create", path: "/app" }))).toBe("served");
    for (const path of ["/", "/apple", "/other", "/app/../other", "/brokers/topics/orders"]) {
      expect([path, await said(claims, multi({ type: "create", path }))]).toEqual([path, "BAD_ARGUMENTS"]);
      const read = {
        id: "multiReadBelow",
        params: { path: "app" },
        body: { ops: [{ type: "getData", path }] },
      } as const;
      expect([path, await said(claims, read)]).toEqual([path, "BAD_ARGUMENTS"]);
    }
    // It would be called /app0000000001, beside /app.
    const beside = multi({ type: "create", path: "/app", mode: "persistent_sequential" });
    expect(await said(claims, beside)).toBe("BAD_ARGUMENTS");
    // The one thing beside it that may be named: whether a grant is still held.
    const fence = { type: "fence", path: "/locks/l/write-c-0000000000", fencingToken: 1 };
    expect(await said(claims, multi(fence))).toBe("FENCED");
    expect(await said(claims, multi({ type: "check", path: "/locks/l" }))).toBe("BAD_ARGUMENTS");
    const query = { since: 0, path: "/other" };
    expect(await said(claims, { id: "getChangesBelow", params: { path: "app" }, query })).toBe("INVALID_REQUEST");
  });
});

describe("the environment", () => {
  test("says IAM, tokens under a claim, or nothing that is known", () => {
    expect(authorizationFromEnvironment({})).toEqual({ kind: "gateway" });
    expect(authorizationFromEnvironment({ STREAMKEEPER_AUTHORIZATION: "iam" })).toEqual({ kind: "gateway" });
    const jwt = { STREAMKEEPER_AUTHORIZATION: "jwt" };
    expect(authorizationFromEnvironment(jwt)).toEqual(byToken);
    expect(authorizationFromEnvironment({ ...jwt, STREAMKEEPER_PERMISSION_CLAIM: "perms" })).toEqual({
      kind: "jwt",
      claim: "perms",
    });
    expect(() => authorizationFromEnvironment({ STREAMKEEPER_AUTHORIZATION: "JWT" })).toThrow(/not JWT/);
  });
});

describe("access control lists by principal", () => {
  const all = ["read", "write", "create", "delete", "admin"];
  const role = "arn:aws:iam::123456789012:role/Billing";
  const session = "arn:aws:sts::123456789012:assumed-role/Billing/i-0abc";
  const other = "arn:aws:sts::123456789012:assumed-role/BillingAudit/i-0abc";
  const read = { id: "getZnode", params: { path: "a" } } as const;

  test("let in the role whose session signed the request, and no other", async () => {
    const bed = new ApiBed();
    const acl = [{ permissions: all, scheme: "iam", id: role }];
    const created = await viaGateway(bed, {
      id: "createZnode",
      params: { path: "a" },
      body: { acl },
      userArn: session,
    });
    expect(created.status).toBe(201);
    expect(codeOf(await viaGateway(bed, { ...read, userArn: session }))).toBe("served");
    expect(codeOf(await viaGateway(bed, { ...read, userArn: other }))).toBe("NO_AUTH");
    expect(codeOf(await viaGateway(bed, read))).toBe("NO_AUTH");
    // By another way to the same znode, too.
    const multi = {
      id: "multiBelow",
      params: { path: "a" },
      body: { ops: [{ type: "setData", path: "/a", data: "x" }] },
    } as const;
    expect(codeOf(await viaGateway(bed, { ...multi, userArn: other }))).toBe("NO_AUTH");
    expect(codeOf(await viaGateway(bed, { ...multi, userArn: session }))).toBe("served");
  });

  test("take `auth` for the principal that asks", async () => {
    const bed = new ApiBed();
    const acl = [{ permissions: all, scheme: "auth", id: "" }];
    await viaGateway(bed, { id: "createZnode", params: { path: "a" }, body: { acl }, userArn: session });
    const { json } = await viaGateway(bed, { ...read, query: { view: "acl" }, userArn: session });
    expect(json["acl"]).toEqual([{ permissions: all, scheme: "iam", id: role }]);
  });

  test("know a token's subject where tokens are checked, and only there", async () => {
    const claims = { sub: "ann", streamkeeper: "coordinate:default/" };
    const acl = [{ permissions: all, scheme: "jwt", id: "ann" }];
    const bed = new ApiBed({ authorization: byToken });
    await viaGateway(bed, { id: "createZnode", params: { path: "a" }, body: { acl }, claims });
    expect(codeOf(await viaGateway(bed, { ...read, claims }))).toBe("served");
    expect(codeOf(await viaGateway(bed, { ...read, claims: { ...claims, sub: "anna" } }))).toBe("NO_AUTH");

    const byIam = new ApiBed();
    await viaGateway(byIam, { id: "createZnode", params: { path: "a" }, body: { acl } });
    expect(codeOf(await viaGateway(byIam, { ...read, claims }))).toBe("NO_AUTH");
    const { json } = await viaGateway(byIam, { id: "whoAmI", claims });
    expect(json["identities"]).toEqual([]);
  });
});
