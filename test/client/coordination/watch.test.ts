import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  GetChangesCommand,
  isServiceException,
  SessionExpiredError,
  WatchLostError,
  type ZnodeEvent,
} from "../../../client/index.ts";
import { ownClient, type OwnClient, until } from "./own-client.ts";

let own: OwnClient;
beforeAll(async () => {
  own = await ownClient();
});
afterAll(async () => own[Symbol.asyncDispose]());

const told = ({ type, path }: ZnodeEvent): string => `${type} ${path}`;

describe("a watch", () => {
  test("tells every change of a znode once, in order, and ends when it is closed", async () => {
    const znodes = own.another().znodes();
    const watch = await own.client.znodes().watch("/w1");
    await znodes.create("/w1", { data: "a" });
    await znodes.set("/w1", "b");
    await znodes.create("/w1/child");
    await znodes.delete("/w1/child");
    await znodes.delete("/w1");
    const events: string[] = [];
    for await (const event of watch) {
      events.push(told(event));
      if (events.length === 5) watch.close();
    }
    expect(events).toEqual([
      "NodeCreated /w1",
      "NodeDataChanged /w1",
      "NodeChildrenChanged /w1",
      "NodeChildrenChanged /w1",
      "NodeDeleted /w1",
    ]);
  });

  test("loses and repeats nothing while its connection is cut", async () => {
    const znodes = own.another().znodes();
    await znodes.ensure("/w2");
    const watch = await own.client.znodes().watch("/w2", { recursive: true });
    const heard: string[] = [];
    const listening = (async () => {
      for await (const { path } of watch) heard.push(path);
    })();
    const expected: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      own.cut = round % 3 === 1;
      for (let index = 0; index < 10; index += 1) {
        const path = `/w2/n${round}-${index}`;
        await znodes.create(path);
        expected.push(path);
      }
      await sleep(10);
    }
    own.cut = false;
    while (heard.length < expected.length) await sleep(10);
    watch.close();
    await listening;
    expect(heard).toEqual(expected);
  });

  test("tells of a change before a read of the same client answers it", async () => {
    const writer = own.another().znodes();
    await writer.create("/w3", { data: "0" });
    const reader = own.client.znodes();
    let heard = 0;
    // A poll that is told of nothing at once: only the reads make it look.
    await using watch = await reader.watch("/w3", { listener: () => (heard += 1), waitMs: 0 });
    for (let round = 1; round <= 50; round += 1) {
      void writer.set("/w3", String(round)).catch(() => undefined);
      const { stat } = await reader.get("/w3");
      expect(heard).toBeGreaterThanOrEqual(stat.version);
    }
    expect(watch.closed).toBe(false);
  });

  test("says so when its cursor is beyond what the service has", async () => {
    const znodes = own.client.znodes();
    const { zxid } = await own.client.send(new GetChangesCommand({}));
    const watch = await znodes.watch("/", { since: zxid + 1_000 });
    await expect(watch.next()).rejects.toBeInstanceOf(WatchLostError);
  });

  test("ends with its signal, also in the middle of a long poll", async () => {
    const ended = new AbortController();
    const watch = await own.client.znodes().watch("/none", { signal: ended.signal });
    const next = watch.next();
    await sleep(50);
    ended.abort();
    expect(await next).toEqual({ value: undefined, done: true });
  });
});

describe("a one-shot watch", () => {
  test("is told once, of the first change after what the read answered", async () => {
    const znodes = own.client.znodes();
    const events: string[] = [];
    const listener = (event: ZnodeEvent): void => void events.push(told(event));
    expect(await znodes.exists("/o1", { watch: listener })).toBeUndefined();
    await znodes.create("/o1", { data: "1" });
    await znodes.set("/o1", "2");
    await until(() => events.length > 0);
    expect(events).toEqual(["NodeCreated /o1"]);
    await znodes.get("/o1", { watch: listener });
    await znodes.getChildren("/o1", { watch: listener });
    await znodes.create("/o1/child");
    await until(() => events.length > 1);
    await znodes.set("/o1", "3");
    await until(() => events.length > 2);
    await znodes.set("/o1", "4");
    await sleep(50);
    expect(events).toEqual(["NodeCreated /o1", "NodeChildrenChanged /o1", "NodeDataChanged /o1"]);
  });
});

describe("under a session", () => {
  test("watches end with it: those that iterate with its error, one-shot watches with theirs", async () => {
    const session = await own.client.session({ timeoutMs: 5_000 });
    const znodes = own.client.znodes({ session });
    const failures: unknown[] = [];
    const failed = (error: Error): void => void failures.push(error);
    await znodes.exists("/u1", { watch: () => undefined, watchFailed: failed });
    const watch = await znodes.watch("/u1");
    const next = watch.next();
    const same = await own.another().session({ credentials: session.credentials });
    await same.close();
    await znodes.exists("/u1").catch(() => undefined);
    await expect(next).rejects.toBeInstanceOf(SessionExpiredError);
    expect(failures).toEqual([session.signal.reason]);
  });

  test("watches end without an error when it is closed", async () => {
    const session = await own.client.session({ timeoutMs: 5_000 });
    const watch = await own.client.znodes({ session }).watch("/u2");
    const next = watch.next();
    await session.close();
    expect(await next).toEqual({ value: undefined, done: true });
    const late = await own.client
      .znodes({ session })
      .watch("/u2")
      .catch((error: unknown) => error);
    expect(isServiceException(late, "SESSION_EXPIRED")).toBe(true);
  });

  test("many watches keep no heartbeat and no write from their connection", async () => {
    const client = own.another({ connectionsMax: 3 });
    await using session = await client.session({ timeoutMs: 1_000 });
    const znodes = client.znodes({ session });
    await znodes.ensure("/u3");
    const created: string[] = [];
    const watch = ({ path }: ZnodeEvent): void => void created.push(path);
    for (let index = 0; index < 12; index += 1) await znodes.exists(`/u3/${index}`, { watch });
    await sleep(1_500);
    expect(session.state).toBe("open");
    await znodes.create("/u3/0");
    await znodes.get("/u3/0");
    expect(created).toEqual(["/u3/0"]);
    znodes.close();
  });
});

test("a client that reads by session sees its own writes, and never an older tree", async () => {
  const znodes = own.client.znodes({ consistency: "session" });
  await znodes.create("/s1", { data: "0" });
  for (let round = 1; round <= 20; round += 1) {
    await znodes.set("/s1", String(round));
    expect((await znodes.get("/s1")).data).toBe(String(round));
  }
});

test("errors have ZooKeeper's names", async () => {
  const znodes = own.client.znodes();
  const error = await znodes.get("/gone").catch((cause: unknown) => cause);
  expect(isServiceException(error, "NO_NODE")).toBe(true);
  const failed = await znodes
    .multi([
      { type: "create", path: "/m1" },
      { type: "check", path: "/gone" },
    ])
    .catch((cause: unknown) => cause);
  expect(failed).toMatchObject({ name: "NO_NODE", details: { operationIndex: 1, results: ["OK", "NO_NODE"] } });
});
