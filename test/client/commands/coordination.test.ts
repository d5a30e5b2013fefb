import { describe, expect, test } from "vitest";
import * as sdk from "../../../client/index.ts";
import { StreamkeeperClient } from "../../../client/index.ts";
import type { Command, StreamkeeperClientOptions } from "../../../client/index.ts";
import { answer, hangUp, refuse, ScriptedServer } from "../scripted-server.ts";
import type { Step } from "../scripted-server.ts";

const session = { sessionId: "4611686018427387903", password: "AAAAAAAAAAAAAAAAAAAAAA" };
const sessionHeader = `${session.sessionId}:${session.password}`;
const bytes = Uint8Array.of(0xde, 0xad, 0xbe, 0xef);
const encoded = { base64: "3q2+7w==" };
const stat = {
  czxid: 1,
  mzxid: 2,
  ctime: 3,
  mtime: 4,
  version: 5,
  cversion: 6,
  aversion: 7,
  ephemeralOwner: "0",
  dataLength: 4,
  numChildren: 0,
  pzxid: 1,
};
const acl = [{ permissions: ["read", "admin"] as const, scheme: "digest", id: "ann:x" }].map((row) => ({
  ...row,
  permissions: [...row.permissions],
}));
const lock = "blue";
const election = "head";
const path = "/a";

interface Case {
  readonly command: Command<object, object>;
  /** Method and URL behind the namespace. */
  readonly request: string;
  /** What is sent. */
  readonly body?: object;
  /** What is answered, and what it becomes. */
  readonly answered: object;
  readonly output?: object;
  readonly repeat: sdk.Repeat;
}

const cases: readonly Case[] = [
  {
    command: new sdk.SubscribePartitionCommand({ topic: "orders", partition: 2, connectionId: "c=" }),
    request: "POST /topics/orders/partitions/2/subscriptions",
    body: { connectionId: "c=" },
    answered: { heardInMs: 2_000 },
    repeat: "repeatable",
  },
  {
    command: new sdk.SubscribeZnodeCommand({ path, recursive: true, connectionId: "c=" }),
    request: "POST /subscriptions/znodes/a",
    body: { connectionId: "c=", recursive: true },
    answered: { heardInMs: 2_000 },
    repeat: "repeatable",
  },
  {
    command: new sdk.SubscribeZnodeCommand({ path: "/", connectionId: "c=" }),
    request: "POST /subscriptions/znodes",
    body: { connectionId: "c=" },
    answered: { heardInMs: 2_000 },
    repeat: "repeatable",
  },
  {
    command: new sdk.CreateSessionCommand({ timeoutMs: 5_000 }),
    request: "POST /sessions",
    body: { timeoutMs: 5_000 },
    answered: { ...session, timeoutMs: 5_000 },
    repeat: "repeatable",
  },
  {
    command: new sdk.DescribeSessionCommand({ session }),
    request: `GET /sessions/${session.sessionId}`,
    answered: { sessionId: session.sessionId, timeoutMs: 5_000, ephemerals: ["/e"], zxid: 9 },
    repeat: "read",
  },
  {
    command: new sdk.HeartbeatCommand({ session }),
    request: `POST /sessions/${session.sessionId}/heartbeat`,
    answered: { sessionId: session.sessionId, timeoutMs: 5_000 },
    repeat: "repeatable",
  },
  {
    command: new sdk.CloseSessionCommand({ session }),
    request: `DELETE /sessions/${session.sessionId}`,
    answered: { zxid: 9 },
    repeat: "repeatable",
  },
  {
    command: new sdk.CreateZnodeCommand({ path: "/a/b", data: bytes, mode: "persistent_with_ttl", ttlMs: 5, acl }),
    request: "POST /znodes/a/b",
    body: { data: encoded, mode: "persistent_with_ttl", ttlMs: 5, acl },
    answered: { path: "/a/b", stat, zxid: 1 },
    repeat: "keyed",
  },
  {
    command: new sdk.GetZnodeCommand({ path, minZxid: 7 }),
    request: "GET /znodes/a?view=data&minZxid=7",
    answered: { path, data: encoded, stat, zxid: 9 },
    output: { path, data: Buffer.from(bytes), stat, zxid: 9 },
    repeat: "read",
  },
  {
    command: new sdk.GetZnodeCommand({ path: "/" }),
    request: "GET /znodes?view=data",
    answered: { path: "/", data: null, stat, zxid: 9 },
    repeat: "read",
  },
  {
    command: new sdk.ExistsZnodeCommand({ path }),
    request: "GET /znodes/a?view=stat",
    answered: { path, stat, zxid: 9 },
    repeat: "read",
  },
  {
    command: new sdk.GetChildrenCommand({ path: "/", limit: 2, nextToken: "b&c" }),
    request: "GET /znodes?view=children&limit=2&nextToken=b%26c",
    answered: { path: "/", children: ["d"], stat, zxid: 9 },
    repeat: "read",
  },
  {
    command: new sdk.GetAclCommand({ path }),
    request: "GET /znodes/a?view=acl",
    answered: { path, acl, stat, zxid: 9 },
    repeat: "read",
  },
  {
    command: new sdk.CountZnodesCommand({ path }),
    request: "GET /znodes/a?view=count",
    answered: { path, count: 3, zxid: 9 },
    repeat: "read",
  },
  {
    command: new sdk.SetDataCommand({ path, data: null, version: 3 }),
    request: "PUT /znodes/a",
    body: { data: null, version: 3 },
    answered: { path, stat, zxid: 9 },
    repeat: "keyed",
  },
  {
    command: new sdk.SetAclCommand({ path: "/", acl, version: 0 }),
    request: "PUT /znodes?view=acl",
    body: { acl, version: 0 },
    answered: { path: "/", stat, zxid: 9 },
    repeat: "keyed",
  },
  {
    command: new sdk.DeleteZnodeCommand({ path, version: 4 }),
    request: "DELETE /znodes/a?version=4",
    answered: { zxid: 9 },
    repeat: "keyed",
  },
  {
    command: new sdk.MultiCommand({
      operations: [
        { type: "create", path, data: bytes, mode: "ephemeral" },
        { type: "setData", path, data: "text", version: 1 },
        { type: "check", path, version: 2 },
        { type: "fence", path, fencingToken: 8 },
        { type: "delete", path },
      ],
    }),
    request: "POST /multi/a",
    body: {
      ops: [
        { type: "create", path, data: encoded, mode: "ephemeral" },
        { type: "setData", path, data: "text", version: 1 },
        { type: "check", path, version: 2 },
        { type: "fence", path, fencingToken: 8 },
        { type: "delete", path },
      ],
    },
    answered: { results: [{ type: "create", path, stat }, { type: "check" }], zxid: 9 },
    repeat: "keyed",
  },
  {
    command: new sdk.MultiReadCommand({ operations: [{ type: "getData", path }], minZxid: 4 }),
    request: "POST /multi-read/a",
    body: { ops: [{ type: "getData", path }], minZxid: 4 },
    answered: {
      results: [
        { type: "getData", data: encoded, stat },
        { type: "getChildren", children: ["c"], stat },
        { type: "error", error: "NO_NODE", message: "none" },
      ],
      zxid: 9,
    },
    output: {
      results: [
        { type: "getData", data: Buffer.from(bytes), stat },
        { type: "getChildren", children: ["c"], stat },
        { type: "error", error: "NO_NODE", message: "none" },
      ],
      zxid: 9,
    },
    repeat: "read",
  },
  {
    command: new sdk.GetChangesCommand({ path, recursive: true, since: 3, limit: 10, waitMs: 20 }),
    request: "GET /changes/a?since=3&recursive=true&limit=10&waitMs=20",
    answered: { events: [{ zxid: 4, type: "NodeCreated", path: "/a/b" }], zxid: 4 },
    repeat: "read",
  },
  {
    command: new sdk.WhoAmICommand({}),
    request: "GET /whoami",
    answered: { identities: [{ scheme: "ip", id: "::1" }] },
    repeat: "read",
  },
  {
    command: new sdk.CampaignCommand({ election, contenderId: "c", data: "me", waitMs: 5 }),
    request: "POST /elections/head/campaign",
    body: { contenderId: "c", data: "me", waitMs: 5 },
    answered: { leader: true, candidate: "/elections/head/candidate-c-0000000000", fencingToken: 4 },
    repeat: "repeatable",
  },
  {
    command: new sdk.ResignCommand({ election, contenderId: "c" }),
    request: "POST /elections/head/resign",
    body: { contenderId: "c" },
    answered: {},
    repeat: "repeatable",
  },
  {
    command: new sdk.ProclaimCommand({ election, data: bytes }),
    request: "POST /elections/head/proclaim",
    body: { data: encoded },
    answered: { fencingToken: 4 },
    repeat: "repeatable",
  },
  {
    command: new sdk.DescribeElectionCommand({ election }),
    request: "GET /elections/head",
    answered: { leader: { path, fencingToken: 4, data: encoded, sessionId: "1" }, candidates: 2, since: "4-0" },
    output: {
      leader: { path, fencingToken: 4, data: Buffer.from(bytes), sessionId: "1" },
      candidates: 2,
      since: "4-0",
    },
    repeat: "read",
  },
  {
    command: new sdk.ObserveElectionCommand({ election, since: "4-0", waitMs: 5 }),
    request: "GET /elections/head/observe?since=4-0&waitMs=5",
    answered: { leader: null, since: "0" },
    repeat: "read",
  },
  {
    command: new sdk.AcquireLockCommand({ lock, contenderId: "c", mode: "read", waitMs: 5, keepPlace: true }),
    request: "POST /locks/blue/acquire",
    body: { contenderId: "c", mode: "read", waitMs: 5, keepPlace: true },
    answered: { acquired: false, path: "/locks/blue/read-c-0000000000" },
    repeat: "repeatable",
  },
  {
    command: new sdk.ReleaseLockCommand({ lock, contenderId: "c" }),
    request: "POST /locks/blue/release",
    body: { contenderId: "c" },
    answered: {},
    repeat: "repeatable",
  },
  {
    command: new sdk.DescribeLockCommand({ lock }),
    request: "GET /locks/blue",
    answered: { holders: [{ path, fencingToken: 4, mode: "write", sessionId: "1" }], waiting: 1 },
    repeat: "read",
  },
];

async function scripted(steps: readonly Step[] | Step, options: Partial<StreamkeeperClientOptions> = {}) {
  const server = await ScriptedServer.start(steps);
  const client = new StreamkeeperClient({ endpoint: server.endpoint, ...options });
  return {
    server,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe("a command", () => {
  test.each(cases.map((one) => [one.command.name, one.request, one] as const))(
    "%s is %s",
    async (_, request, { command, body, answered, output = answered, repeat }) => {
      expect(command.repeat).toBe(repeat);
      await using s = await scripted(answer(200, answered));
      const { $metadata: _metadata, ...got } = await s.client.send(command);
      expect(got).toEqual(output);
      const [seen] = s.server.seen;
      const [method, url] = request.split(" ");
      expect(`${seen?.method} ${seen?.url}`).toBe(`${method} /v1/default${url}`);
      expect(seen?.body.length === 0 ? undefined : JSON.parse(String(seen?.body))).toEqual(body);
      expect(seen?.headers["idempotency-key"] !== undefined).toBe(repeat === "keyed");
    },
  );

  test("that every route of coordination has is there", () => {
    const named = Object.keys(sdk).filter((name) => name.endsWith("Command"));
    const tested = new Set(cases.map(({ command }) => command.name));
    const others = /Topic|Namespace|Produce|Fetch|Offset|Truncate|Health|Transaction|Group|Records|Member|Partitions/;
    expect(named.filter((name) => !others.test(name) && !tested.has(name))).toEqual([]);
  });

  test("percent-encodes a path by its segments, and refuses one that begins with no slash", async () => {
    await using s = await scripted(answer(200, { path: "", data: null, stat, zxid: 1 }));
    await s.client.send(new sdk.GetZnodeCommand({ namespace: "blue", path: "/a b/ü?#%2F/(c)" }));
    expect(s.server.seen[0]?.url).toBe("/v1/blue/znodes/a%20b/%C3%BC%3F%23%252F/%28c%29?view=data");
    await expect(s.client.send(new sdk.GetZnodeCommand({ path: "a" }))).rejects.toBeInstanceOf(TypeError);
    await expect(s.client.send(new sdk.DeleteZnodeCommand({ path: "/" }))).rejects.toBeInstanceOf(TypeError);
    expect(s.server.seen.length).toBe(1);
  });

  test("is sent under a session, with the client's proofs unless it has its own", async () => {
    const auth = [{ user: "ann", password: "se:cret" }];
    await using s = await scripted(answer(200, { identities: [] }), { auth });
    await s.client.send(new sdk.WhoAmICommand({ session }));
    await s.client.send(new sdk.WhoAmICommand({ auth: [...auth, { user: "bo", password: "ü" }] }));
    await s.client.send(new sdk.WhoAmICommand({ auth: [] }));
    const ann = `digest ${Buffer.from("ann:se:cret").toString("base64")}`;
    const bo = `digest ${Buffer.from("bo:ü").toString("base64")}`;
    expect(s.server.seen.map(({ headers }) => headers["x-streamkeeper-session"])).toEqual([
      sessionHeader,
      undefined,
      undefined,
    ]);
    expect(s.server.seen.map(({ headers }) => headers["x-streamkeeper-auth"])).toEqual([
      ann,
      `${ann}, ${bo}`,
      undefined,
    ]);
  });
});

describe("a repeat", () => {
  test("of a write carries the same idempotency key, random or given", async () => {
    const created = answer(201, { path, stat, zxid: 1 });
    await using s = await scripted([hangUp, created, hangUp, created]);
    await s.client.send(new sdk.CreateZnodeCommand({ path }));
    await s.client.send(new sdk.CreateZnodeCommand({ path, idempotencyKey: "mine" }));
    const keys = s.server.seen.map(({ headers }) => headers["idempotency-key"]);
    expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys).toEqual([keys[0], keys[0], "mine", "mine"]);
  });

  test("of acquire and campaign goes on where the contender stands", async () => {
    await using s = await scripted([hangUp, answer(200, { acquired: true, path, fencingToken: 3 })]);
    const output = await s.client.send(new sdk.AcquireLockCommand({ lock, contenderId: "c" }));
    expect(output.acquired).toBe(true);
    expect(s.server.seen.map(({ body }) => String(body))).toEqual(Array(2).fill('{"contenderId":"c"}'));
  });

  test("does not happen after a refusal", async () => {
    await using s = await scripted([refuse(409, "BAD_VERSION", { details: { version: 4 } })]);
    const error = await s.client
      .send(new sdk.SetDataCommand({ path, data: "x", version: 3 }))
      .catch((cause: unknown) => cause);
    expect(error).toMatchObject({ name: "BAD_VERSION", details: { version: 4 }, effect: "none" });
    expect(s.server.seen.length).toBe(1);
  });
});

test("the pages of children are told one after the other", async () => {
  const page = (children: string[], nextToken?: string) => answer(200, { path, children, stat, zxid: 9, nextToken });
  await using s = await scripted([page(["a", "b"], "b"), page(["c"])]);
  const names = [];
  for await (const { children } of sdk.paginateGetChildren({ client: s.client }, { path, limit: 2 })) {
    names.push(...children);
  }
  expect(names).toEqual(["a", "b", "c"]);
  expect(s.server.seen.map(({ url }) => url)).toEqual([
    "/v1/default/znodes/a?view=children&limit=2",
    "/v1/default/znodes/a?view=children&limit=2&nextToken=b",
  ]);
});
