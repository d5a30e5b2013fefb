import { describe, expect, test } from "vitest";
import { namespaceKey } from "../../../shared/storage/item-keys.ts";
import { createMemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { create } from "../tree/operations.ts";
import { refusal, type TopicProcess, topicProcess } from "./topic-process.ts";

async function allNames({ namespaces }: TopicProcess, limit: number): Promise<string[]> {
  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await namespaces.list({ limit, ...(nextToken === undefined ? {} : { nextToken }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    found.push(...page.items.map(({ name }) => name));
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return found;
}

describe("the namespace default", () => {
  test("is there from the start, without a request", async () => {
    const { namespaces, total } = topicProcess(createMemoryStorage());
    await namespaces.require("default");
    await namespaces.requireNow("default");
    await refusal(namespaces.create("default"), "NAMESPACE_ALREADY_EXISTS");
    await refusal(namespaces.delete("default"), "BAD_ARGUMENTS");
    expect(total()).toBe(0);
    expect(await namespaces.list({ limit: 10 })).toEqual({ items: [{ name: "default", createdAtMs: 0 }] });
  });
});

describe("a namespace", () => {
  test.each(["a", "0", "team-a", "x".repeat(63), "a--b"])("may be called %s", async (name) => {
    const memory = createMemoryStorage();
    const { namespaces } = topicProcess(memory);
    expect(await namespaces.create(name)).toEqual({ name, createdAtMs: memory.store.wallMs() });
    await refusal(topicProcess(memory).namespaces.create(name), "NAMESPACE_ALREADY_EXISTS");
  });

  test.each(["", "x".repeat(64), "A", "a_b", "a.b", "a/b", "-a", "a-", "é", "namespaces"])(
    "may not be called %j",
    async (name) => {
      const { namespaces, total } = topicProcess(createMemoryStorage());
      await refusal(namespaces.create(name), "BAD_ARGUMENTS");
      await refusal(namespaces.delete(name), "UNKNOWN_NAMESPACE");
      await refusal(namespaces.require(name), "UNKNOWN_NAMESPACE");
      expect(total()).toBe(0);
    },
  );

  test("is listed in order with the default one, in pages of any size", async () => {
    const process = topicProcess(createMemoryStorage());
    const names = ["a", "b", "e", "f", "g"];
    for (const name of names) await process.namespaces.create(name);
    for (const limit of [1, 2, 3, 4, 5, 6, 1_000]) {
      expect(await allNames(process, limit)).toEqual(["a", "b", "default", "e", "f", "g"]);
    }
    await refusal(process.namespaces.list({ limit: 0 }), "BAD_ARGUMENTS");
    await refusal(process.namespaces.list({ limit: 5, nextToken: "A B" }), "BAD_ARGUMENTS");
  });

  test("is known to be there for five seconds, then asked for again", async () => {
    const memory = createMemoryStorage();
    const { namespaces, counts, reset } = topicProcess(memory);
    await namespaces.create("team");
    reset();
    await namespaces.require("team");
    await namespaces.require("team");
    expect(counts()).toEqual({ "items.get": 1 });
    await memory.time.advance(5_001);
    await namespaces.require("team");
    expect(counts()).toEqual({ "items.get": 2 });
  });

  test("holds topics of its own", async () => {
    const memory = createMemoryStorage();
    const { namespaces, topics } = topicProcess(memory);
    await refusal(topics.create("one", { name: "t" }), "UNKNOWN_NAMESPACE");
    await refusal(topics.list("one", { limit: 10 }), "UNKNOWN_NAMESPACE");
    await namespaces.create("one");
    await namespaces.create("other");
    const first = await topics.create("one", { name: "t", partitions: 2 });
    const second = await topics.create("other", { name: "t" });
    await topics.create("one", { name: "u" });
    expect(await topics.describe("one", "t")).toEqual(first);
    expect(await topics.describe("other", "t")).toEqual(second);
    expect((await topics.list("other", { limit: 10 })).items).toHaveLength(1);
    await refusal(topics.describe("default", "t"), "UNKNOWN_TOPIC_OR_PARTITION");
  });
});

describe("deleting a namespace", () => {
  test("is refused while it holds a topic or anything else, and begins it anew when it is created again", async () => {
    const memory = createMemoryStorage();
    const { namespaces, topics, trees } = topicProcess(memory);
    await namespaces.create("team");
    await topics.create("team", { name: "t" });
    await refusal(namespaces.delete("team"), "NOT_EMPTY");
    await topics.delete("team", "t");
    await trees.tree("team").write({ operations: [create("/mine")] });
    await refusal(namespaces.delete("team"), "NOT_EMPTY");
    await namespaces.requireNow("team");
    await trees.tree("team").write({ operations: [{ kind: "delete", path: "/mine", version: -1 }] });
    await namespaces.delete("team");
    await refusal(namespaces.delete("team"), "UNKNOWN_NAMESPACE");
    await refusal(topics.create("team", { name: "t" }), "UNKNOWN_NAMESPACE");
    expect((await namespaces.list({ limit: 10 })).items.map(({ name }) => name)).toEqual(["default"]);
    await namespaces.create("team");
    expect(await topics.list("team", { limit: 10 })).toEqual({ items: [] });
    await topics.create("team", { name: "t" });
  });

  /** Lets the first put into a log wait for `gate`; answers when it waits. */
  function holdPut({ storage }: TopicProcess, gate: Promise<unknown>): Promise<void> {
    const { logs } = storage;
    const put = logs.putIfAbsent.bind(logs);
    return new Promise((reached) => {
      logs.putIfAbsent = async (...parameters) => {
        reached();
        await gate;
        return await put(...parameters);
      };
    });
  }

  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "done",
      (cause: { code: string }) => cause.code,
    );

  describe.each(["first", "later"])("beside the creation of its %s topic", (which) => {
    async function begin(): Promise<readonly [TopicProcess, TopicProcess]> {
      const memory = createMemoryStorage();
      const [creating, deleting] = [topicProcess(memory), topicProcess(memory)];
      await deleting.namespaces.create("team");
      if (which === "later") {
        await creating.topics.create("team", { name: "before" });
        await creating.topics.delete("team", "before");
      }
      return [creating, deleting];
    }

    test("keeps the topic from being created if the deletion is decided first", async () => {
      const [creating, deleting] = await begin();
      let release = (): void => undefined;
      const waiting = holdPut(creating, new Promise<void>((resolve) => (release = resolve)));
      const created = codeOf(creating.topics.create("team", { name: "t" }));
      await waiting;
      await deleting.namespaces.delete("team");
      release();
      expect(await created).toBe("UNKNOWN_NAMESPACE");
    });

    test("sees the topic if it is created first", async () => {
      const [creating, deleting] = await begin();
      let release = (): void => undefined;
      const waiting = holdPut(deleting, new Promise<void>((resolve) => (release = resolve)));
      let goOn = (): void => undefined;
      const creation = holdPut(creating, new Promise<void>((resolve) => (goOn = resolve)));
      const created = codeOf(creating.topics.create("team", { name: "t" }));
      await creation;
      const deleted = codeOf(deleting.namespaces.delete("team"));
      await waiting;
      goOn();
      expect(await created).toBe("done");
      release();
      expect(await deleted).toBe("NOT_EMPTY");
      await creating.namespaces.requireNow("team");
    });
  });

  test("beside the creation of a topic has one of two outcomes, whatever the timing", async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const memory = createMemoryStorage({ seed, delays: { wayMsMin: 0, wayMsMax: 5 } });
      const [creating, deleting, checking] = [topicProcess(memory), topicProcess(memory), topicProcess(memory)];
      const outcome = await memory.time.run(async () => {
        await deleting.namespaces.create("team");
        const [created, deleted] = await Promise.all([
          codeOf(creating.topics.create("team", { name: "t" })),
          deleting.storage.timers.sleep(seed).then(() => codeOf(deleting.namespaces.delete("team"))),
        ]);
        const there = await codeOf(checking.namespaces.requireNow("team"));
        return `created ${created}, deleted ${deleted}, there ${there}`;
      });
      outcomes.add(outcome);
    }
    expect([...outcomes].toSorted()).toEqual([
      "created UNKNOWN_NAMESPACE, deleted done, there UNKNOWN_NAMESPACE",
      "created done, deleted NOT_EMPTY, there done",
    ]);
  });

  test("that was begun by a process which is gone is decided by the sweep, or by who creates it again", async () => {
    const memory = createMemoryStorage();
    const { namespaces, topics } = topicProcess(memory);
    const mark = (name: string): Promise<unknown> =>
      memory.storage.items.update(namespaceKey(name), { set: { deleting: true } });
    const names = async (): Promise<string[]> => await allNames(topicProcess(memory), 10);
    await namespaces.create("empty");
    await namespaces.create("full");
    await topics.create("full", { name: "t" });
    await mark("empty");
    await mark("full");
    expect(await names()).toEqual(["default"]);
    // Not decided yet.
    await topicProcess(memory).namespaces.requireNow("empty");
    expect(await topicProcess(memory).topics.create("full", { name: "u" })).toMatchObject({ name: "u" });
    await namespaces.sweepDeleted();
    expect(await names()).toEqual(["default", "full"]);
    await refusal(topicProcess(memory).topics.create("empty", { name: "t" }), "UNKNOWN_NAMESPACE");

    await mark("full");
    await refusal(topicProcess(memory).namespaces.create("full"), "NAMESPACE_ALREADY_EXISTS");
    expect(await topicProcess(memory).namespaces.create("empty")).toMatchObject({ name: "empty" });
    await mark("empty");
    expect(await topicProcess(memory).namespaces.create("empty")).toMatchObject({ name: "empty" });
    expect(await names()).toEqual(["default", "empty", "full"]);
  });

  test("writes nothing where a process only asks whether it is there", async () => {
    const memory = createMemoryStorage();
    const { namespaces, counts, reset } = topicProcess(memory);
    await namespaces.create("team");
    await memory.storage.items.update(namespaceKey("team"), { set: { deleting: true } });
    reset();
    await namespaces.requireNow("team");
    expect(Object.keys(counts()).filter((name) => !/(get|query|read\w+)$/.test(name))).toEqual([]);
  });
});

describe("a store that fails", () => {
  test("while a namespace is created leaves no doubt when it answers in the end", async () => {
    const memory = createMemoryStorage();
    const { namespaces } = topicProcess(memory);
    memory.store.failNext("items.update", "timeoutAfter");
    expect(await namespaces.create("team")).toMatchObject({ name: "team" });
    memory.store.failNext("items.update", "timeoutBefore", 10);
    expect(await refusal(namespaces.create("other"), "REQUEST_TIMED_OUT")).toMatchObject({ effect: "unknown" });
    memory.store.failNext("items.get", "throttled");
    await refusal(topicProcess(memory).namespaces.require("team"), "THROTTLING_QUOTA_EXCEEDED");
  });
});
