import { describe, expect, test } from "vitest";
import { zxid } from "../../../shared/brand.ts";
import { StorageCorruptError } from "../../../shared/storage/errors.ts";
import { znodeBlobPrefix } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { snapshotsLogId, treeLogId } from "../../../shared/log/log-id.ts";
import { Tree } from "../../../shared/tree/tree.ts";
import type { Operation } from "../../../shared/tree/tree-request.ts";
import { done, entriesOf, type Follower, follower, namespace, numbered, refusal, run, runMany } from "./follower.ts";
import { check, create, dump, remove, setData } from "./operations.ts";

describe("the first write", () => {
  test("makes the genesis too: zxid 0 is taken, the first znode is at 1, and both cost one put", async () => {
    const memory = createMemoryStorage();
    const { tree, counts } = follower(memory);
    const result = await run(tree, create("/a"));
    expect(result).toMatchObject({
      zxid: 1,
      repeated: false,
      results: [{ path: "/a", stat: { czxid: 1, ctime: memory.store.wallMs() } }],
    });
    expect(counts()).toEqual({ "logs.readLast": 1, "logs.readFrom": 1, "logs.putIfAbsent": 1 });
    const [entry] = entriesOf(memory, treeLogId(namespace));
    expect(entry).toMatchObject({ position: 0, next: 2 });
    expect(entry?.expiresAtMs).toBeUndefined();
  });

  test("by two processes at once has one genesis", async () => {
    const memory = createMemoryStorage();
    const [one, other] = [follower(memory), follower(memory)];
    const results = await Promise.all([run(one.tree, create("/a")), run(other.tree, create("/b"))]);
    expect(new Set(results.map(({ zxid: at }) => Number(at)))).toEqual(new Set([1, 2]));
    expect(dump(await one.tree.read())).toEqual(dump(await other.tree.read()));
  });

  test("is not needed to read: an empty tree has its root, and nothing is written", async () => {
    const { tree, counts } = follower(createMemoryStorage());
    expect((await tree.read()).node("/zookeeper")).toBeDefined();
    expect(await refusal(tree, setData("/x"))).toBe("NO_NODE");
    expect(counts()["logs.putIfAbsent"]).toBeUndefined();
  });
});

describe("requests to the store", () => {
  test.each([0, 1_000, 10_000])("do not grow with the tree: %i znodes", async (count) => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    await run(writer.tree, create("/a"));
    await runMany(writer.tree, numbered(count));
    await writer.tree.settled();
    // What came while a snapshot was written makes the next one due.
    await run(writer.tree, setData("/a", "w"));
    await writer.tree.settled();

    writer.reset();
    await run(writer.tree, setData("/a", "x"));
    expect(writer.counts(), "a write").toEqual({ "logs.putIfAbsent": 1 });
    await writer.tree.settled();

    writer.reset();
    await writer.tree.read();
    expect(writer.counts(), "a linearizable read").toEqual({ "logs.readFrom": 1 });

    writer.reset();
    const seen = (await writer.tree.readAtLeast(zxid(count + 3))).lastZxid;
    expect(seen).toBe(count + 3);
    expect(writer.total(), "a session-consistent read").toBe(0);

    writer.reset();
    await Promise.all(Array.from({ length: 100 }, () => run(writer.tree, setData("/a", "y"))));
    // Together; the first alone, if it went before the others came.
    expect(writer.counts()["logs.putIfAbsent"], "a hundred writes at once").toBeLessThanOrEqual(2);
    expect(writer.total()).toBeLessThanOrEqual(2);
    await writer.tree.settled();

    const cold = follower(memory);
    await cold.tree.read();
    const snapshot = count === 0 ? {} : { "blobs.get": 1 };
    expect(cold.counts(), "a cold read").toEqual({ "logs.readLast": 1, "logs.readFrom": 1, ...snapshot });
  });

  test("reads that come while a query is under way share the next one, and see what was written before them", async () => {
    const memory = createMemoryStorage();
    const [writer, reader] = [follower(memory), follower(memory)];
    await run(writer.tree, create("/a"));
    await reader.tree.read();
    reader.reset();
    const first = reader.tree.read();
    const others = [reader.tree.read(), reader.tree.read(), reader.tree.read()];
    await Promise.all([first, ...others]);
    expect(reader.counts()).toEqual({ "logs.readFrom": 2 });
    await run(writer.tree, create("/b"));
    const late = await Promise.all([reader.tree.read(), reader.tree.read()]);
    for (const tree of late) expect(tree.node("/b")).toBeDefined();
    expect(reader.counts()).toEqual({ "logs.readFrom": 4 });
  });

  test("a session-consistent read of what this process has not seen catches up", async () => {
    const memory = createMemoryStorage();
    const [writer, reader] = [follower(memory), follower(memory)];
    await run(writer.tree, create("/a"));
    await reader.tree.read();
    await run(writer.tree, create("/b"));
    reader.reset();
    expect((await reader.tree.readAtLeast(zxid(1))).node("/b")).toBeUndefined();
    expect((await reader.tree.readAtLeast(zxid(2))).node("/b")).toBeDefined();
    expect(reader.counts()).toEqual({ "logs.readFrom": 1 });
  });

  test("a losing writer plans anew without a query, and a refusal from old knowledge is checked first", async () => {
    const memory = createMemoryStorage();
    const [one, other] = [follower(memory), follower(memory)];
    await run(one.tree, create("/a"));
    await other.tree.read();
    await run(one.tree, create("/b"));
    other.reset();
    await run(other.tree, create("/c"));
    expect(other.counts()).toEqual({ "logs.putIfAbsent": 2 });
    await run(one.tree, create("/d"));
    other.reset();
    await run(other.tree, setData("/d", "x", 0));
    expect(other.counts()).toEqual({ "logs.readFrom": 1, "logs.putIfAbsent": 1 });
    expect(await refusal(other.tree, setData("/d", "x", 0))).toBe("BAD_VERSION");
  });
});

describe("many writers", () => {
  test("in three processes number their znodes without gap or double, and end with the same tree", async () => {
    const memory = createMemoryStorage();
    const followers = [follower(memory), follower(memory), follower(memory)];
    await run(followers[0]?.tree as Tree, create("/q"));
    const writes = followers.flatMap(({ tree }) =>
      Array.from({ length: 50 }, () => run(tree, create("/q/n-", "", "persistent_sequential"))),
    );
    const paths = (await Promise.all(writes)).map(({ results: [first] }) =>
      first?.kind === "create" ? first.path : "",
    );
    const expected = Array.from({ length: 150 }, (_, index) => `/q/n-${String(index).padStart(10, "0")}`);
    expect(paths.toSorted()).toEqual(expected);
    const dumps = await Promise.all(followers.map(async ({ tree }) => dump(await tree.read())));
    expect(dumps[1]).toEqual(dumps[0]);
    expect(dumps[2]).toEqual(dumps[0]);
    const puts = followers.reduce((sum, { counts }) => sum + (counts()["logs.putIfAbsent"] ?? 0), 0);
    expect(puts).toBeLessThan(20);
  });

  test("that compare and set count up without losing one", async () => {
    const memory = createMemoryStorage();
    const followers = [follower(memory), follower(memory), follower(memory)];
    await run(followers[0]?.tree as Tree, create("/counter", "0"));
    const countUp = async ({ tree }: Follower): Promise<void> => {
      for (let left = 20; left > 0;) {
        const node = (await tree.read()).node("/counter");
        const value = Number(Buffer.from(node?.data ?? []).toString());
        const result = await tree.write({ operations: [setData("/counter", String(value + 1), node?.version ?? 0)] });
        if (result.kind === "done") left -= 1;
        else expect(result).toMatchObject({ kind: "refused", refusal: { code: "BAD_VERSION" } });
      }
    };
    await Promise.all(followers.map(countUp));
    const node = (await followers[0]?.tree.read())?.node("/counter");
    expect(Buffer.from(node?.data ?? []).toString()).toBe("60");
    expect(node?.version).toBe(60);
  });

  test("in one group see each other, and one refusal leaves the others alone", async () => {
    const memory = createMemoryStorage();
    const { tree, counts, reset } = follower(memory);
    await run(tree, create("/a"));
    reset();
    const results = await Promise.all([
      tree.write({ operations: [create("/a/1")] }),
      tree.write({ operations: [create("/a/1/x")] }),
      tree.write({ operations: [create("/a/2"), setData("/a"), create("/a/1/x")] }),
      tree.write({ operations: [check("/a", 0), create("/a/2")] }),
      tree.write({ operations: [remove("/a")] }),
      tree.write({ operations: [check("/a/1/x", 0), remove("/a/1/x")] }),
      tree.write({ operations: [] }),
    ]);
    expect(results.map((result) => (result.kind === "refused" ? result.refusal.code : result.kind))).toEqual([
      "done",
      "done",
      "NODE_EXISTS",
      "done",
      "NOT_EMPTY",
      "done",
      "done",
    ]);
    expect(counts()["logs.putIfAbsent"]).toBeLessThanOrEqual(2);
  });
});

describe("a repeated request", () => {
  const request = (fingerprint = 1) => ({
    operations: [create("/q"), create("/q/n", "", "persistent_sequential"), setData("/q", "x")],
    idempotency: { key: "the-key", fingerprint },
  });

  test("is answered as the first time, here, in another process and after a snapshot", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    const first = done(await writer.tree.write(request()));
    await run(writer.tree, setData("/q", "other"));
    expect(done(await writer.tree.write(request()))).toEqual({ ...first, repeated: true });

    const elsewhere = follower(memory);
    expect(done(await elsewhere.tree.write(request()))).toEqual({ ...first, repeated: true });
    expect(elsewhere.counts()["logs.putIfAbsent"]).toBeUndefined();

    await runMany(writer.tree, numbered(1_000));
    await writer.tree.settled();
    expect(entriesOf(memory, snapshotsLogId(namespace))).toHaveLength(1);
    memory.store.logs.trim(treeLogId(namespace), 900, 100_000);
    expect(done(await follower(memory).tree.write(request()))).toEqual({ ...first, repeated: true });
  });

  test("in the same group is carried out once", async () => {
    const { tree } = follower(createMemoryStorage());
    const [first, second] = await Promise.all([tree.write(request()), tree.write(request())]);
    expect(done(second)).toEqual({ ...done(first), repeated: true });
  });

  test("is answered even when what it is grouped with is not", async () => {
    const memory = createMemoryStorage();
    const { tree } = follower(memory);
    const first = done(await tree.write(request()));
    memory.store.failNext("logs.putIfAbsent", "timeoutBefore", 5);
    const [other, repeated] = await Promise.all([tree.write({ operations: [create("/x")] }), tree.write(request())]);
    expect(other.kind).toBe("unknown");
    expect(done(repeated)).toEqual({ ...first, repeated: true });
  });

  test("with another content is refused", async () => {
    const { tree } = follower(createMemoryStorage());
    done(await tree.write(request()));
    expect(await tree.write(request(2))).toMatchObject({
      kind: "refused",
      refusal: { code: "IDEMPOTENCY_KEY_REUSED" },
    });
  });

  test("tells what became of a write whose answer was lost for good", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    await writer.tree.read();
    memory.store.failNext("logs.putIfAbsent", "timeoutAfter", 5);
    expect((await writer.tree.write(request())).kind).toBe("unknown");
    expect(done(await follower(memory).tree.write(request()))).toMatchObject({ repeated: true, zxid: 1 });
  });
});

describe("a range read", () => {
  test("that misses an entry is read again, not used", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    for (let index = 0; index < 5; index += 1) await run(writer.tree, create(`/n${index}`));
    const process = memory.store.process();
    const { readFrom } = process.storage.logs;
    let torn = 0;
    process.storage.logs.readFrom = async (...parameters) => {
      const range = await readFrom.apply(process.storage.logs, parameters);
      torn += 1;
      return torn > 2 ? range : { ...range, entries: range.entries.filter((_, index) => index !== torn) };
    };
    const tree = new Tree(process.storage, namespace);
    expect(dump(await tree.read())).toEqual(dump(await writer.tree.read()));
    expect(torn).toBe(3);
    torn = Number.NEGATIVE_INFINITY;
    process.storage.logs.readFrom = async (...parameters) => {
      const range = await readFrom.apply(process.storage.logs, parameters);
      return { ...range, entries: range.entries.filter(({ position }) => position !== 3) };
    };
    await expect(new Tree(process.storage, namespace).read()).rejects.toThrow(StorageCorruptError);
  });
});

describe("large data", () => {
  const large: Operation = {
    kind: "create",
    path: "/large",
    data: new Uint8Array(400_000).fill(7),
    mode: "persistent",
  };

  test("goes by reference, stored once, and is not read again by who wrote it", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    await writer.tree.read();
    writer.reset();
    await run(writer.tree, large);
    expect(writer.counts()).toEqual({ "blobs.put": 1, "logs.putIfAbsent": 1 });
    const cold = follower(memory);
    expect((await cold.tree.read()).node("/large")?.data).toEqual(new Uint8Array(400_000).fill(7));
    expect(cold.counts()).toEqual({ "logs.readLast": 1, "logs.readFrom": 1, "blobs.get": 1 });
  });

  test("is not stored again after a lost race that does not concern it", async () => {
    const memory = createMemoryStorage();
    const [one, other] = [follower(memory), follower(memory)];
    await run(one.tree, create("/a"));
    await other.tree.read();
    await run(one.tree, create("/b"));
    other.reset();
    await run(other.tree, large);
    expect(other.counts()).toEqual({ "blobs.put": 1, "logs.putIfAbsent": 2 });
  });

  test("that is gone stops who needs it, and nobody else", async () => {
    const memory = createMemoryStorage();
    const writer = follower(memory);
    await run(writer.tree, large);
    const { blobs } = await writer.storage.blobs.list(znodeBlobPrefix(namespace), { limit: 10 });
    await writer.storage.blobs.delete(blobs.map(({ key }) => key));
    await run(writer.tree, create("/a"));
    await expect(follower(memory).tree.read()).rejects.toThrow(StorageCorruptError);
  });
});
