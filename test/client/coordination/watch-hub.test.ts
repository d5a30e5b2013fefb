import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  GetChangesCommand,
  NoAnswerException,
  StreamkeeperServiceException,
  WatchLostError,
  WatchOverflowError,
  ZnodeClient,
} from "../../../client/index.ts";
import type { Command, GetZnodeCommand, ZnodeEvent } from "../../../client/index.ts";
import { ScriptedTree } from "./scripted-tree.ts";

let tree: ScriptedTree;
let znodes: ZnodeClient;
let told: string[];
const note = ({ zxid, path }: ZnodeEvent): void => void told.push(`${zxid} ${path}`);

beforeEach(() => {
  tree = new ScriptedTree();
  znodes = new ZnodeClient(tree);
  told = [];
});
afterEach(() => znodes.close());

/** Whatever the long polls tell is on its way until this is resolved. */
function holdLongPolls(isHeld: (command: GetChangesCommand) => boolean = () => true): PromiseWithResolvers<void> {
  const held = Promise.withResolvers<void>();
  tree.before = (command) => {
    const isLong = command instanceof GetChangesCommand && (command.input.waitMs ?? 0) > 0;
    return isLong && isHeld(command) ? held.promise : undefined;
  };
  return held;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(1);
}

describe("changes of one zxid that do not fit one answer", () => {
  const paths = Array.from({ length: 10 }, (_, index) => `/all/${index}`);
  const expected = [...paths.map((path) => `1 ${path}`), "2 /all/after", ...paths.map((path) => `3 ${path}`)];

  test("are told once and in order, by a long poll and by who asks beside it", async () => {
    tree.eventsPerAnswerMax = 3;
    await znodes.watch("/all", { recursive: true, listener: note });
    tree.happen("NodeDeleted", ...paths);
    await znodes.get("/other");
    tree.happen("NodeCreated", "/all/after");
    tree.happen("NodeDeleted", ...paths);
    await until(() => told.length >= expected.length);
    await znodes.get("/other");
    expect(told).toEqual(expected);
  });
});

describe("a read", () => {
  test("comes after the events of every watch, not only of those on its own path", async () => {
    holdLongPolls();
    await znodes.watch("/ready", { listener: note });
    tree.happen("NodeDeleted", "/ready");
    tree.happen("NodeDataChanged", "/config");
    await znodes.get("/config");
    expect(told).toEqual(["1 /ready"]);
  });

  test("that is told that there is nothing comes after the events as well", async () => {
    holdLongPolls();
    await znodes.watch("/a", { listener: note });
    tree.happen("NodeDeleted", "/a");
    const { before } = tree;
    tree.before = (command) => {
      if (command instanceof GetChangesCommand) return before(command);
      const options = { fault: "client", retriable: false, effect: "none", metadata: {} } as const;
      throw new StreamkeeperServiceException("NO_NODE", "for a test", { ...options, details: { zxid: tree.zxid } });
    };
    expect(await znodes.exists("/a")).toBeUndefined();
    expect(told).toEqual(["1 /a"]);
  });

  test("does not wait for what a watch replays of long ago", async () => {
    for (let index = 0; index < 5_000; index += 1) tree.happen("NodeDataChanged", "/a");
    const held = holdLongPolls();
    await znodes.watch("/a", { since: 0, listener: note });
    await znodes.get("/a");
    expect(told.length).toBe(0);
    held.resolve();
    await until(() => told.length === 5_000);
    expect(told.at(-1)).toBe("5000 /a");
  });

  test("is given up with its signal while events cannot be had", async () => {
    holdLongPolls();
    await znodes.watch("/a", { listener: note });
    tree.happen("NodeDataChanged", "/a");
    const { before } = tree;
    let failures = 0;
    tree.before = (command) => {
      if (!(command instanceof GetChangesCommand)) return before(command);
      failures += 1;
      throw new NoAnswerException("lost", "for a test", true);
    };
    const ended = new AbortController();
    const reading = znodes.get("/a", { abortSignal: ended.signal });
    await until(() => failures > 1);
    ended.abort(new Error("enough"));
    await expect(reading).rejects.toThrow("enough");
    expect(told).toEqual([]);
  });

  test("is never of a tree before the watch that this client has opened", async () => {
    const session = new ZnodeClient(tree, { consistency: "session" });
    for (let index = 0; index < 7; index += 1) tree.happen("NodeDataChanged", "/a");
    await session.watch("/a");
    const asked: (number | undefined)[] = [];
    const isGet = (command: Command<object, object>): command is GetZnodeCommand => command.name === "GetZnodeCommand";
    tree.before = (command) => void (isGet(command) && asked.push(command.input.minZxid));
    await session.get("/a");
    await session.get("/a", { consistency: "linearizable" });
    expect(asked).toEqual([7, undefined]);
    session.close();
  });
});

describe("events of several watches", () => {
  test("are told in the order of their zxids, whichever answer comes first", async () => {
    const held = holdLongPolls(({ input }) => input.path === "/a");
    await znodes.watch("/a", { listener: note });
    await znodes.watch("/b", { recursive: true, listener: note });
    tree.happen("NodeDataChanged", "/a");
    tree.happen("NodeDataChanged", "/b/c");
    tree.happen("NodeDataChanged", "/a");
    await until(() => told.length === 3);
    held.resolve();
    await sleep(5);
    expect(told).toEqual(["1 /a", "2 /b/c", "3 /a"]);
  });

  test("do not wait for whoever does not read", async () => {
    const idle = await znodes.watch("/a");
    await znodes.watch("/b", { listener: note });
    for (let index = 0; index < 15_000; index += 1) tree.happen("NodeDataChanged", "/a");
    await until(() => tree.asked.filter(({ path }) => path === "/a").length >= 10);
    tree.happen("NodeDataChanged", "/b");
    await until(() => told.length === 1);
    idle.close();
  });
});

describe("a watch", () => {
  test("says where to go on: behind what has been taken from it, and never in the middle of a transaction", async () => {
    const watch = await znodes.watch("/", { recursive: true });
    tree.happen("NodeCreated", "/a");
    tree.happen("NodeDataChanged", "/a", "/b", "/c");
    expect(watch.cursor).toBe(0);
    await watch.next();
    await until(() => watch.cursor === 1);
    await watch.next();
    await watch.next();
    expect(watch.cursor).toBe(1);
    await watch.next();
    expect(watch.cursor).toBe(2);
    watch.close();
  });

  test("asks for no more while nobody reads, and goes on when somebody does", async () => {
    for (let index = 0; index < 30_000; index += 1) tree.happen("NodeDataChanged", "/a");
    const watch = await znodes.watch("/a", { since: 0 });
    await until(() => tree.asked.length === 10);
    await sleep(20);
    expect(tree.asked.length).toBe(10);
    for (let zxid = 1; zxid <= 30_000; zxid += 1) expect((await watch.next()).value?.zxid).toBe(zxid);
    watch.close();
  });

  test("is given up when reads make it hold too much for who does not read it", async () => {
    const watch = await znodes.watch("/a");
    for (let transaction = 0; transaction < 300; transaction += 1) {
      tree.happen("NodeDataChanged", ...Array.from({ length: 1_000 }, () => "/a"));
    }
    await znodes.get("/b");
    const failure = await (async () => {
      for await (const event of watch) if (event.zxid > 1_000) break;
    })().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WatchOverflowError);
    expect((failure as WatchOverflowError).since).toBe(0);
  });

  test("has a typed error when the service has let go of what comes next", async () => {
    const watch = await znodes.watch("/a");
    tree.before = () => {
      if (tree.oldestZxid === 0) throw new NoAnswerException("lost", "for a test", true);
    };
    for (let index = 0; index < 9; index += 1) tree.happen("NodeDataChanged", "/a");
    tree.oldestZxid = 4;
    const failure = await watch.next().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WatchLostError);
    expect(failure).toMatchObject({ since: 0, oldestZxid: 4 });
    expect(watch.closed).toBe(true);
  });

  test("goes on behind what was let go if it is asked to, and counts how often", async () => {
    const held = holdLongPolls();
    const watch = await znodes.watch("/a", { whenLost: "resume" });
    for (let index = 0; index < 9; index += 1) tree.happen("NodeDataChanged", "/a");
    tree.oldestZxid = 4;
    held.resolve();
    expect(await watch.changed()).toBe(true);
    expect(watch.losses).toBe(1);
    tree.happen("NodeDataChanged", "/a");
    expect((await watch.next()).value).toMatchObject({ zxid: 10 });
    watch.close();
    expect(await watch.changed()).toBe(false);
  });

  test("tells whoever listens when it cannot go on, and warns when nobody does", async () => {
    const failures: unknown[] = [];
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    const held = holdLongPolls();
    await znodes.get("/a", { watch: note, watchFailed: (error) => failures.push(error) });
    await znodes.get("/a", { watch: note });
    for (let index = 0; index < 9; index += 1) tree.happen("NodeDataChanged", "/b");
    tree.oldestZxid = 4;
    held.resolve();
    await until(() => failures.length === 1 && warn.mock.calls.length === 1);
    expect(failures[0]).toBeInstanceOf(WatchLostError);
    expect(warn.mock.calls[0]?.[0]).toBeInstanceOf(WatchLostError);
    expect(told).toEqual([]);
  });

  test("goes on when a listener throws; what it threw is the process's", async () => {
    const thrown: (() => void)[] = [];
    vi.spyOn(globalThis, "queueMicrotask").mockImplementation((callback) => void thrown.push(callback));
    const listener = (event: ZnodeEvent): void => {
      note(event);
      if (event.zxid === 1) throw new Error("for a test");
    };
    await znodes.watch("/a", { listener });
    await znodes.watch("/a", { listener: note });
    tree.happen("NodeDataChanged", "/a");
    tree.happen("NodeDataChanged", "/a");
    await until(() => told.length === 4);
    expect(thrown.length).toBe(1);
    expect(() => thrown[0]?.()).toThrow("for a test");
  });

  test("that asks a service which does not wait asks it 20 times a second, not more", async () => {
    tree.before = (command) => {
      if (command instanceof GetChangesCommand) Object.assign(command.input, { waitMs: 0 });
    };
    const watch = await znodes.watch("/a");
    await sleep(220);
    expect(tree.asked.length).toBeLessThanOrEqual(6);
    watch.close();
  });
});
