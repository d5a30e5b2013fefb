import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { StreamkeeperClient } from "../../client/index.ts";
import type { AcknowledgementInput, ShareConsumerOptions, ShareDelivery, ShareProblem } from "../../client/index.ts";
import { answer, hangUp, refuse, ScriptedServer } from "./scripted-server.ts";
import type { Step } from "./scripted-server.ts";

const group = "mail";

/** A server that hands out records once, then none, and remembers what was said of them. */
class ScriptedQueue implements AsyncDisposable {
  readonly said: AcknowledgementInput[] = [];
  readonly client: StreamkeeperClient;
  readonly #server: ScriptedServer;
  acquires = 0;

  private constructor(server: ScriptedServer) {
    this.#server = server;
    this.client = new StreamkeeperClient({ endpoint: server.endpoint });
  }

  static async start(options: {
    readonly values: readonly string[];
    readonly lockMs?: number;
    readonly acquire?: (index: number) => Step | undefined;
    readonly acknowledge?: (types: readonly string[]) => Step | undefined;
    /** What an acknowledgement is answered that is not taken. */
    readonly refuse?: (acknowledgement: AcknowledgementInput) => string | undefined;
  }): Promise<ScriptedQueue> {
    const { values, lockMs = 30_000 } = options;
    const server = await ScriptedServer.start(async (response, request) => {
      const body = JSON.parse(request.body.toString()) as { acknowledgements: AcknowledgementInput[] };
      if (request.url.endsWith("/acknowledge")) {
        const step = options.acknowledge?.(body.acknowledgements.map(({ type }) => type));
        if (step !== undefined) return step(response, request);
        const topic = /\/topics\/([^/]+)\//.exec(request.url)?.[1] ?? "";
        const results = body.acknowledgements.map((said) => {
          const one = { ...said, topic };
          const error = options.refuse?.(one);
          if (error === undefined) return one;
          return { ...one, error: { error, message: "for a test", retriable: error !== "INVALID_RECORD_STATE" } };
        });
        queue.said.push(...results.filter((one) => !("error" in one)));
        return answer(200, { results })(response, request);
      }
      queue.acquires += 1;
      const step = options.acquire?.(queue.acquires - 1);
      if (step !== undefined) return step(response, request);
      const records = queue.acquires > 1 ? [] : values.map(recordOf);
      // As a long poll that ends without a record.
      if (records.length === 0) await sleep(20);
      return answer(200, { records, lockMs })(response, request);
    });
    const queue = new ScriptedQueue(server);
    return queue;
  }

  /** What was said of each record in the end, by its offset. */
  get verdicts(): readonly (string | undefined)[] {
    const last = new Map<number, string>();
    for (const { firstOffset, lastOffset, type } of this.said) {
      if (type === "renew") continue;
      for (let offset = firstOffset; offset <= lastOffset; offset += 1) last.set(offset, type);
    }
    return [...last].toSorted(([one], [other]) => one - other).map(([, type]) => type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.#server[Symbol.asyncDispose]();
  }
}

function recordOf(value: string, offset: number): object {
  return { topic: "t", partition: 0, offset, timestamp: 1, key: null, value, headers: [], deliveryCount: 1 };
}

/** Runs a consumer until all records of the first answer have been handled. */
async function work(
  queue: ScriptedQueue,
  handle: (delivery: ShareDelivery) => Promise<void> | void,
  options: Partial<ShareConsumerOptions> & { readonly until?: () => boolean } = {},
): Promise<void> {
  const controller = new AbortController();
  const { until = () => queue.acquires > 1, ...rest } = options;
  const consumer = queue.client.shareConsumer({ group, topics: ["t"], signal: controller.signal, ...rest });
  const running = consumer.run(handle);
  while (!until()) await sleep(5);
  controller.abort();
  await running;
}

test("a record is accepted when its handler resolves, and released when it throws, of which the application hears", async () => {
  await using queue = await ScriptedQueue.start({ values: ["good", "bad", "good"] });
  const problems: ShareProblem[] = [];
  const handle = async ({ record }: ShareDelivery): Promise<void> => {
    await sleep(1);
    if (record.value === "bad") throw new Error("of the handler");
  };
  await work(queue, handle, { onProblem: (problem) => problems.push(problem) });
  expect(queue.verdicts).toEqual(["accept", "release", "accept"]);
  expect(problems).toMatchObject([{ error: { message: "of the handler" }, record: { value: "bad", offset: 1 } }]);
});

test("a handler may release or reject its record", async () => {
  await using queue = await ScriptedQueue.start({ values: ["later", "never"] });
  await work(queue, ({ record, release, reject }) => (record.value === "later" ? release() : reject()));
  expect(queue.verdicts).toEqual(["release", "reject"]);
});

test("what is said while an acknowledgement is on its way goes with the next, as ranges", async () => {
  await using queue = await ScriptedQueue.start({ values: Array.from({ length: 50 }, String) });
  await work(queue, () => {});
  expect(queue.verdicts).toEqual(Array.from({ length: 50 }, () => "accept"));
  expect(queue.said.length).toBeLessThan(10);
});

test("as many are handled at once as was asked for", async () => {
  await using queue = await ScriptedQueue.start({ values: ["a", "b", "c", "d", "e"] });
  let atWork = 0;
  let most = 0;
  const handle = async (): Promise<void> => {
    atWork += 1;
    most = Math.max(most, atWork);
    await sleep(10);
    atWork -= 1;
  };
  await work(queue, handle, { concurrency: 3 });
  expect(most).toBe(3);
  expect(queue.verdicts).toHaveLength(5);
});

test("locks are renewed for as long as a handler is at work, and no longer", async () => {
  await using queue = await ScriptedQueue.start({ values: ["slow", "next"], lockMs: 60 });
  await work(queue, async ({ record }) => {
    if (record.value === "slow") await sleep(150);
  });
  const renewed = queue.said.filter(({ type }) => type === "renew");
  expect(renewed.filter(({ firstOffset }) => firstOffset === 0).length).toBeGreaterThanOrEqual(3);
  const atEnd = queue.said.length;
  await sleep(100);
  expect(queue.said).toHaveLength(atEnd);
});

test("a handler hears when its lock could not be renewed", async () => {
  await using queue = await ScriptedQueue.start({
    values: ["slow"],
    lockMs: 60,
    acknowledge: (types) =>
      types.includes("renew") ? refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true }) : undefined,
  });
  let isLost = false;
  await work(queue, async ({ signal }) => {
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve());
    });
    isLost = true;
  });
  expect(isLost).toBe(true);
});

test("what failed of an acknowledgement for a moment is said again, and nothing else", async () => {
  let failures = 0;
  await using queue = await ScriptedQueue.start({
    values: ["a", "b", "c"],
    refuse: () => (++failures <= 2 ? "KAFKA_STORAGE_ERROR" : undefined),
  });
  await work(queue, () => {});
  expect(queue.verdicts).toEqual(["accept", "accept", "accept"]);
  expect(queue.said.reduce((sum, { firstOffset, lastOffset }) => sum + lastOffset - firstOffset + 1, 0)).toBe(3);
});

test("one record that is another's by now takes no lock from the others, and only its handler hears of it", async () => {
  const isLost = ({ firstOffset, lastOffset, type }: AcknowledgementInput): boolean =>
    type === "renew" && firstOffset <= 1 && lastOffset >= 1;
  await using queue = await ScriptedQueue.start({
    values: ["a", "lost", "c", "d"],
    lockMs: 60,
    refuse: (one) => (isLost(one) ? "INVALID_RECORD_STATE" : undefined),
  });
  const told: unknown[] = [];
  await work(
    queue,
    async ({ record, signal }) => {
      await sleep(120);
      if (signal.aborted) told.push(record.value);
    },
    { concurrency: 4 },
  );
  expect(told).toEqual(["lost"]);
  const renewed = new Set(queue.said.flatMap(({ type, firstOffset }) => (type === "renew" ? [firstOffset] : [])));
  expect([...renewed].toSorted((one, other) => one - other)).toEqual([0, 2, 3]);
  expect(queue.verdicts).toEqual(["accept", "accept", "accept", "accept"]);
});

test("a record whose lock was lost before its turn is not handled", async () => {
  await using queue = await ScriptedQueue.start({
    values: ["slow", "lost"],
    lockMs: 60,
    refuse: ({ type, lastOffset }) => (type === "renew" && lastOffset === 1 ? "INVALID_RECORD_STATE" : undefined),
  });
  const handled: unknown[] = [];
  await work(queue, async ({ record }) => {
    handled.push(record.value);
    await sleep(100);
  });
  expect(handled).toEqual(["slow"]);
  expect(queue.verdicts).toEqual(["accept", "release"]);
});

test("acknowledgements that fail for a moment do not end the worker; of a topic that is gone nothing is awaited", async () => {
  let failures = 0;
  await using queue = await ScriptedQueue.start({
    values: ["a", "b"],
    acknowledge: () => (++failures <= 8 ? refuse(503, "KAFKA_STORAGE_ERROR", { retriable: true }) : undefined),
  });
  await work(queue, () => {});
  expect(queue.verdicts).toEqual(["accept", "accept"]);
  await using gone = await ScriptedQueue.start({ values: ["a"], refuse: () => "UNKNOWN_TOPIC_OR_PARTITION" });
  await work(gone, () => {});
  expect(gone.verdicts).toEqual([]);
});

test("when the signal aborts, what is at work is finished and the rest given back", async () => {
  await using queue = await ScriptedQueue.start({ values: ["first", "second", "third"] });
  let begun = 0;
  const handle = async (): Promise<void> => {
    begun += 1;
    await sleep(50);
  };
  await work(queue, handle, { until: () => begun > 0 });
  expect(begun).toBe(1);
  expect(queue.verdicts).toEqual(["accept", "release", "release"]);
});

test("failures that may pass are waited out; others end it", async () => {
  await using queue = await ScriptedQueue.start({
    values: ["a"],
    acquire: (index) => (index === 0 ? hangUp : undefined),
  });
  const consumer = queue.client.shareConsumer({ group, topics: ["t"] });
  await using broken = await ScriptedQueue.start({
    values: [],
    acquire: () => refuse(404, "UNKNOWN_TOPIC_OR_PARTITION"),
  });
  await expect(broken.client.shareConsumer({ group, topics: ["t"] }).run(() => {})).rejects.toMatchObject({
    name: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  void consumer.run(() => {}).catch(() => undefined);
  while (queue.acquires < 3) await sleep(5);
});
