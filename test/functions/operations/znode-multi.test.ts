/** The part of the znode operations that asks for more than one znode: multi, multi-read, changes. */
import { describe, expect, test } from "vitest";
import { CoordinationBed } from "../coordination-bed.ts";

describe("multi", () => {
  test("answers each operation, at one zxid", async () => {
    const bed = new CoordinationBed();
    const ops = [
      { type: "create", path: "/a", data: "1" },
      { type: "create", path: "/a/s-", mode: "persistent_sequential" },
      { type: "setData", path: "/a", data: "2", version: 0 },
      { type: "check", path: "/a", version: 1 },
      { type: "delete", path: "/a/s-0000000000" },
    ];
    const { results, zxid } = await bed.ok({ id: "multi", body: { ops } });
    expect(results).toEqual([
      { type: "create", path: "/a", stat: expect.objectContaining({ czxid: zxid }) },
      { type: "create", path: "/a/s-0000000000", stat: expect.objectContaining({ czxid: zxid }) },
      { type: "setData", stat: expect.objectContaining({ mzxid: zxid, version: 1 }) },
      { type: "check" },
      { type: "delete" },
    ]);
  });

  test("that fails tells what became of each operation", async () => {
    const ops = [
      { type: "create", path: "/a" },
      { type: "check", path: "/gone" },
      { type: "delete", path: "/a" },
    ];
    const { status, json } = await new CoordinationBed().send({ id: "multi", body: { ops } });
    expect([status, json["error"], json["details"]]).toEqual([
      404,
      "NO_NODE",
      { operationIndex: 1, results: ["OK", "NO_NODE", "RUNTIME_INCONSISTENCY"] },
    ]);
  });

  test("takes a thousand operations, and no more", async () => {
    const bed = new CoordinationBed();
    const checks = (length: number) => ({ ops: Array.from({ length }, () => ({ type: "check", path: "/" })) });
    expect((await bed.ok({ id: "multi", body: checks(1_000) }))["results"]).toHaveLength(1_000);
    for (const id of ["multi", "multiRead"] as const) {
      const { json } = await bed.send({ id, body: checks(1_001) });
      expect(json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "body" } });
    }
  });

  test.each([
    [{ type: "setAcl", path: "/" }, "type"],
    [{ type: "create" }, "path"],
    [{ type: "create", path: "/a", version: 1 }, "version"],
    [{ type: "setData", path: "/a" }, "data"],
    [{ type: "fence", path: "/a" }, "fencingToken"],
    [{ type: "delete", path: "/a", version: "1" }, "version"],
  ])("refuses %j by its field", async (op, field) => {
    const { json } = await new CoordinationBed().send({ id: "multi", body: { ops: [op] } });
    expect(json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "body", field: `ops[0].${field}` } });
  });

  test("whose answer is lost says that it may have happened", async () => {
    const bed = new CoordinationBed();
    bed.functions.replace("znodes.multi", async () => new Promise(() => {}));
    const { status, json } = await bed.send({ id: "multi", body: { ops: [] }, remainingMs: 520 });
    expect([status, json["details"]]).toEqual([504, { effect: "unknown" }]);
  });
});

test("a multi-read answers each operation by itself", async () => {
  const bed = new CoordinationBed();
  await bed.create("/a", { data: "1" });
  const ops = [
    { type: "getData", path: "/a" },
    { type: "getChildren", path: "/" },
    { type: "getData", path: "/gone" },
    { type: "getData", path: "a" },
  ];
  const { results } = await bed.ok({ id: "multiRead", body: { ops } });
  expect(results).toEqual([
    { type: "getData", data: "1", stat: expect.objectContaining({ dataLength: 1 }) },
    { type: "getChildren", children: ["a", "zookeeper"], stat: expect.objectContaining({ numChildren: 2 }) },
    { type: "error", error: "NO_NODE", message: expect.any(String) },
    { type: "error", error: "BAD_ARGUMENTS", message: expect.any(String) },
  ]);
});

describe("changes", () => {
  test("are told from a zxid on, by path or for all below it", async () => {
    const bed = new CoordinationBed();
    const start = await bed.ok({ id: "getChanges" });
    expect(start["events"]).toEqual([]);
    const since = Number(start["zxid"]);
    await bed.create("/a");
    await bed.create("/a/b");
    const changes = (query: Record<string, string | number | boolean>) =>
      bed.ok({ id: "getChanges", query: { since, ...query } });
    expect(await changes({ recursive: true })).toEqual({
      events: [
        { zxid: since + 1, type: "NodeCreated", path: "/a" },
        { zxid: since + 2, type: "NodeCreated", path: "/a/b" },
      ],
      zxid: since + 2,
    });
    expect((await changes({ path: "/a" }))["events"]).toEqual([
      { zxid: since + 1, type: "NodeCreated", path: "/a" },
      { zxid: since + 2, type: "NodeChildrenChanged", path: "/a" },
    ]);
    expect(await changes({ recursive: true, limit: 1 })).toMatchObject({ zxid: since + 1 });
  });

  test("beyond what has happened are refused with what can be asked for", async () => {
    const bed = new CoordinationBed();
    const { status, json } = await bed.send({ id: "getChanges", query: { since: 1_000 } });
    expect([status, json["details"]]).toEqual([416, { since: 1_000, oldestZxid: 0, zxid: expect.any(Number) }]);
  });

  test("are waited for, until one comes or the caller is gone", async () => {
    const bed = new CoordinationBed();
    const { zxid } = await bed.ok({ id: "getChanges" });
    const poll = bed.ok({ id: "getChanges", query: { since: Number(zxid), recursive: true, waitMs: 25_000 } });
    await bed.create("/late");
    expect(await poll).toMatchObject({ events: [{ type: "NodeCreated", path: "/late" }] });
    const asked = bed.functions.calls.find(
      ({ name, args }) => name === "changes.changes" && "signal" in Object(args[1]),
    );
    expect(asked?.args[1]).toEqual({
      since: zxid,
      path: "/",
      recursive: true,
      limit: 1_000,
      waitMs: 25_000,
      bytesMax: expect.any(Number),
      signal: expect.any(AbortSignal),
    });
  });

  test.each([
    [{ since: -1 }, "since"],
    [{ recursive: "1" }, "recursive"],
    [{ limit: 0 }, "limit"],
    [{ limit: 10_001 }, "limit"],
    [{ waitMs: 25_001 }, "waitMs"],
  ])("with %j are INVALID_REQUEST", async (query, field) => {
    const { json } = await new CoordinationBed().send({
      id: "getChanges",
      query,
    });
    expect(json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "query", field } });
  });
});
