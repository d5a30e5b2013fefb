import { describe, expect, test } from "vitest";
import { znodeBodyBytesMax, znodeDataBytesMax } from "../../../shared/limits.ts";
import { as, CoordinationBed, everyone, nobody, readOnly, under } from "../coordination-bed.ts";

const a = { path: "a" };

describe("znodes", () => {
  test("are created, read, changed and deleted", async () => {
    const bed = new CoordinationBed();
    const { path, stat, zxid } = await bed.create("/a", { data: "one" });
    expect([path, stat]).toEqual([
      "/a",
      {
        czxid: zxid,
        mzxid: zxid,
        pzxid: zxid,
        ctime: expect.any(Number),
        mtime: expect.any(Number),
        version: 0,
        cversion: 0,
        aversion: 0,
        ephemeralOwner: "0",
        dataLength: 3,
        numChildren: 0,
      },
    ]);
    expect(await bed.ok({ id: "getZnode", params: a })).toEqual({ path: "/a", data: "one", stat, zxid });
    const changed = await bed.ok({ id: "setZnode", params: a, body: { data: null, version: 0 } });
    expect(changed).toMatchObject({ path: "/a", stat: { version: 1, dataLength: 0 } });
    expect(await bed.ok({ id: "getZnode", params: a })).toMatchObject({ data: null });
    const deleted = await bed.ok({ id: "deleteZnode", params: a, query: { version: 1 } });
    expect(deleted).toEqual({ zxid: Number(changed["zxid"]) + 1 });
  });

  test("of each mode are made as ZooKeeper makes them", async () => {
    const bed = new CoordinationBed();
    const session = await bed.openSession();
    const created = async (path: string, body: object) => {
      const { stat, path: made } = await bed.create(path, body, under(session));
      return [made, (stat as Record<string, unknown>)["ephemeralOwner"]];
    };
    expect(await created("/p", { mode: "persistent" })).toEqual(["/p", "0"]);
    expect(await created("/p/s-", { mode: "persistent_sequential" })).toEqual(["/p/s-0000000000", "0"]);
    expect(await created("/e", { mode: "ephemeral" })).toEqual(["/e", session.sessionId]);
    expect(await created("/p/e-", { mode: "ephemeral_sequential" })).toEqual(["/p/e-0000000001", session.sessionId]);
    expect(await created("/c", { mode: "container" })).toEqual(["/c", expect.any(String)]);
    expect(await created("/t", { mode: "persistent_with_ttl", ttlMs: 1_000 })).toEqual(["/t", expect.any(String)]);
    const sequentialTtl = { mode: "persistent_sequential_with_ttl", ttlMs: 1_000 };
    expect((await created("/p/t-", sequentialTtl))[0]).toBe("/p/t-0000000002");
    for (const [body, headers] of [
      [{ mode: "ephemeral" }, {}],
      [{ mode: "persistent_with_ttl" }, {}],
      [{ ttlMs: 5 }, {}],
    ] as const) {
      const { json } = await bed.send({ id: "createZnode", params: { path: "x" }, body, headers });
      expect(json["error"]).toBe("BAD_ARGUMENTS");
    }
  });

  test("have names in any script, and the root has a route of its own", async () => {
    const bed = new CoordinationBed();
    await bed.create("/gr%C3%BC%C3%9Fe");
    await bed.create("/gr%C3%BC%C3%9Fe/100%25");
    const children = await bed.ok({ id: "getZnode", params: { path: "gr%C3%BC%C3%9Fe" }, query: { view: "children" } });
    expect(children).toMatchObject({ path: "/grüße", children: ["100%"] });
    expect(await bed.ok({ id: "getRoot", query: { view: "children" } })).toMatchObject({
      path: "/",
      children: ["grüße", "zookeeper"],
    });
    expect(await bed.ok({ id: "setRoot", body: { data: "top" } })).toMatchObject({ path: "/", stat: { version: 1 } });
    expect(await bed.ok({ id: "getRoot" })).toMatchObject({ data: "top" });
  });

  test.each([["%2E%2E"], ["a//b"], ["a/"], ["%00"], ["a%2Fb"], ["%EF%BF%BF"]])(
    "the path %s is BAD_ARGUMENTS",
    async (path) => {
      const { status, json } = await new CoordinationBed().send({ id: "getZnode", params: { path } });
      expect([status, json["error"]]).toEqual([400, "BAD_ARGUMENTS"]);
    },
  );

  test("hold any bytes, up to almost a MiB", async () => {
    const bed = new CoordinationBed();
    const bytes = Buffer.alloc(znodeDataBytesMax, 0xff).toString("base64");
    await bed.create("/a", { data: { base64: bytes } });
    expect(await bed.ok({ id: "getZnode", params: a })).toMatchObject({ data: { base64: bytes } });
    const larger = Buffer.alloc(znodeDataBytesMax + 1).toString("base64");
    const refused = await bed.send({ id: "setZnode", params: a, body: { data: { base64: larger } } });
    expect(refused.json["error"]).toBe("BAD_ARGUMENTS");
  });

  test("are written in one request of 4 MiB, and none beyond what a body may have", async () => {
    const bed = new CoordinationBed();
    const base64 = Buffer.alloc(1_000_000, 1).toString("base64");
    const ops = [1, 2, 3, 4].map((n) => ({ type: "create", path: `/n${n}`, data: { base64 } }));
    expect((await bed.ok({ id: "multi", body: { ops } }))["results"]).toHaveLength(4);
    const tooLarge = await bed.send({ id: "multi", body: " ".repeat(znodeBodyBytesMax + 1) });
    expect([tooLarge.status, tooLarge.json["details"]]).toEqual([413, { bytesMax: znodeBodyBytesMax }]);
  });

  test("a write that is sent again under its key is answered as the first time", async () => {
    const bed = new CoordinationBed();
    const write = {
      id: "createZnode",
      params: { path: "s-" },
      body: { mode: "persistent_sequential" },
      headers: { "idempotency-key": "key-1" },
    } as const;
    const first = await bed.ok(write);
    expect(await bed.ok(write)).toEqual(first);
    const { json } = await bed.send({ ...write, body: { ...write.body, data: "other" } });
    expect(json["error"]).toBe("BAD_ARGUMENTS");
  });
});

describe("views", () => {
  test("show one side of a znode each", async () => {
    const bed = new CoordinationBed();
    await bed.create("/a", { data: "x", acl: [...readOnly, ...nobody] });
    const view = (name: string) => bed.ok({ id: "getZnode", params: a, query: { view: name } });
    const { stat, zxid } = await view("stat");
    expect(await view("stat")).toEqual({ path: "/a", stat, zxid });
    expect(await view("data")).toEqual({ path: "/a", data: "x", stat, zxid });
    expect(await view("children")).toEqual({ path: "/a", children: [], stat, zxid });
    expect(await view("count")).toEqual({ path: "/a", count: 0, zxid });
    // Who may not change it sees no digests.
    const acl = [readOnly[0], { ...nobody[0], id: "nobody:x" }];
    expect(await view("acl")).toEqual({ path: "/a", acl, stat, zxid });
    const unknown = await bed.send({ id: "getZnode", params: a, query: { view: "all" } });
    expect(unknown.json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "query", field: "view" } });
  });

  test("of children come in pages", async () => {
    const bed = new CoordinationBed();
    const ops = Array.from({ length: 5 }, (_, index) => ({ type: "create", path: `/a/n${index}` }));
    await bed.ok({ id: "multi", body: { ops: [{ type: "create", path: "/a" }, ...ops] } });
    const pages: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const query = {
        view: "children",
        limit: 2,
        ...(nextToken === undefined ? {} : { nextToken }),
      };
      const page = await bed.ok({ id: "getZnode", params: a, query });
      pages.push(page["children"]);
      nextToken = page["nextToken"] as string | undefined;
    } while (nextToken !== undefined);
    expect(pages).toEqual([["n0", "n1"], ["n2", "n3"], ["n4"]]);
  });

  test("may be as old as minZxid, and are then asked for as such", async () => {
    const bed = new CoordinationBed();
    const { zxid } = await bed.create("/a");
    await bed.ok({ id: "getZnode", params: a, query: { minZxid: Number(zxid) } });
    expect(bed.functions.calls.at(-1)?.args[2]).toEqual({ minZxid: zxid });
    await bed.ok({ id: "getZnode", params: a });
    expect(bed.functions.calls.at(-1)?.args[2]).toEqual({});
  });
});

describe("access control lists", () => {
  const secret = [{ permissions: ["read", "write", "create", "delete", "admin"], scheme: "auth", id: "" }];

  test("bind who asks, by what the request proves", async () => {
    const bed = new CoordinationBed({ access: { superDigest: "super:D/InIHSb7yEEbrWz8b9l71RjZJU=" } });
    const ann = as("ann:secret");
    await bed.create("/a", { acl: secret }, ann);
    const read = async (headers: Record<string, string>) =>
      (await bed.send({ id: "getZnode", params: a, headers })).status;
    expect(await read(ann)).toBe(200);
    expect(await read({})).toBe(403);
    expect(await read(as("ann:guess"))).toBe(403);
    expect(await read(as("bob:1", "ann:secret"))).toBe(200);
    expect(await read(as("super:test"))).toBe(200);
  });

  test("bind addresses and principals", async () => {
    const bed = new CoordinationBed();
    const only = (scheme: string, id: string) => [{ permissions: ["read"], scheme, id }];
    await bed.create("/ip", { acl: only("ip", "10.0.0.0/8") });
    await bed.create("/iam", { acl: only("iam", "arn:aws:iam::123456789012:role/Reader") });
    const read = async (path: string, from: { readonly sourceIp?: string; readonly userArn?: string }) =>
      (await bed.send({ id: "getZnode", params: { path }, ...from })).status;
    expect(await read("ip", { sourceIp: "10.1.2.3" })).toBe(200);
    expect(await read("ip", { sourceIp: "11.1.2.3" })).toBe(403);
    expect(await read("ip", {})).toBe(403);
    expect(await read("iam", { userArn: "arn:aws:sts::123456789012:assumed-role/Reader/i-1" })).toBe(200);
    expect(await read("iam", { userArn: "arn:aws:sts::123456789012:assumed-role/Writer/i-1" })).toBe(403);
  });

  test("are set and shown by the names of permissions", async () => {
    const bed = new CoordinationBed();
    await bed.create("/a");
    const acl = [
      { permissions: ["read", "create", "admin"], scheme: "world", id: "anyone" },
      { permissions: [], scheme: "ip", id: "10.0.0.1" },
    ];
    await bed.setAcl("/a", acl);
    const shown = await bed.ok({ id: "getZnode", params: a, query: { view: "acl" } });
    expect(shown).toMatchObject({ acl, stat: { aversion: 1 } });
    const stale = { id: "setZnode", params: a, query: { view: "acl" }, body: { acl: everyone, version: 0 } } as const;
    expect((await bed.send(stale)).json["error"]).toBe("BAD_VERSION");
  });

  test.each([
    [{ view: "acl" }, { data: "x" }, "acl"],
    [{ view: "acl" }, { acl: everyone, data: "x" }, "data"],
    [{}, { acl: everyone }, "data"],
    [{}, { data: "x", acl: everyone }, "acl"],
    [{ view: "acl" }, { acl: [{ permissions: ["fly"], scheme: "world", id: "anyone" }] }, "acl[0].permissions[0]"],
    [{ view: "acl" }, { acl: Array.from({ length: 65 }, () => everyone[0]) }, "acl"],
    [{}, { data: "x", version: 1.5 }, "version"],
  ])("a change with %j of %j is refused by the field", async (query, body, field) => {
    const bed = new CoordinationBed();
    await bed.create("/a");
    const { json } = await bed.send({ id: "setZnode", params: a, query, body });
    expect(json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "body", field } });
  });

  test("whoami tells who the caller counts as", async () => {
    const bed = new CoordinationBed();
    const headers = as("super:test");
    expect(await bed.ok({ id: "whoAmI", headers, sourceIp: "::1" })).toEqual({
      identities: [
        { scheme: "ip", id: "::1" },
        { scheme: "digest", id: "super:D/InIHSb7yEEbrWz8b9l71RjZJU=" },
      ],
    });
    expect(await bed.ok({ id: "whoAmI" })).toEqual({ identities: [] });
  });
});
