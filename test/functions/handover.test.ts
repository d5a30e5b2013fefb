import type { CloudFormationCustomResourceEvent } from "aws-lambda";
import { beforeEach, describe, expect, test } from "vitest";
import { createHandoverHandler } from "../../functions/handover.ts";
import { partitionLogId, segmentsLogId } from "../../shared/log/log-id.ts";
import { createHandoverServices } from "../../shared/services/capability-services.ts";
import { createServices } from "../../shared/services/create-services.ts";
import type { Services } from "../../shared/services/services.ts";
import type { Duty } from "../../shared/storage/environment.ts";
import { createMemoryStorage, type MemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { Storage } from "../../shared/storage/storage.ts";

const remainingMs = 900_000;
const event = {
  RequestType: "Delete",
  ResponseURL: "https://example.com/answer",
  StackId: "stack",
  RequestId: "request",
  LogicalResourceId: "Sealing",
  ResourceProperties: { ServiceToken: "arn", RetainData: "true", QuietSeconds: "30" },
} as unknown as CloudFormationCustomResourceEvent;
const answered = {
  PhysicalResourceId: "handover",
  StackId: "stack",
  RequestId: "request",
  LogicalResourceId: "Sealing",
};

describe("the function that hands the data over", () => {
  let memory: MemoryStorage;
  let services: Services;
  /** By topic, of two partitions each. */
  let topicIds: Record<string, string>;

  beforeEach(async () => {
    memory = createMemoryStorage();
    services = createServices(memory.storage);
    await services.namespaces.create("team");
    topicIds = {};
    for (const [namespace, topic] of [
      ["default", "a"],
      ["team", "b"],
      ["team", "c"],
    ] as const) {
      const config = { "segment.bytes": "1048576" };
      topicIds[topic] = (await services.topics.create(namespace, { name: topic, partitions: 2, config })).topicId;
      for (const partition of [0, 1]) await produce(namespace, topic, partition);
    }
  });

  async function produce(namespace: string, topic: string, partition: number, bytes = 10): Promise<void> {
    const record = { key: null, value: new Uint8Array(bytes), headers: [], timestamp: memory.storage.clock.wallMs() };
    await services.produce.produceRecords({ namespace, topic, partition, records: [record] });
  }

  /** For each partition, how many of its offsets are not sealed. */
  async function unsealed(): Promise<readonly number[]> {
    const { logs } = memory.storage;
    return await Promise.all(
      Object.values(topicIds).flatMap((topicId) =>
        [0, 1].map(async (partition) => {
          const end = (await logs.readLast(partitionLogId(topicId, partition)))?.next ?? 0;
          return end - ((await logs.readLast(segmentsLogId(topicId, partition)))?.next ?? 0);
        }),
      ),
    );
  }

  async function answerTo(
    change: Partial<CloudFormationCustomResourceEvent>,
    storage: Storage = memory.storage,
  ): Promise<unknown> {
    const answers: unknown[] = [];
    const put = async (url: string, body: Uint8Array): Promise<void> => {
      answers.push([url, JSON.parse(Buffer.from(body).toString())]);
      return Promise.resolve();
    };
    const handler = createHandoverHandler(createHandoverServices(storage), put, () => undefined);
    const done = handler({ ...event, ...change } as CloudFormationCustomResourceEvent, {
      getRemainingTimeInMillis: () => remainingMs,
    });
    await memory.time.advance(remainingMs);
    await done;
    expect(answers).toHaveLength(1);
    expect(answers).toMatchObject([["https://example.com/answer", answered]]);
    return (answers as [string, unknown][])[0]?.[1];
  }

  test("seals every partition before the service is deleted, young and small ones too", async () => {
    for (let entry = 0; entry < 20; entry += 1) await produce("team", "c", 1, 900_000);
    expect(await unsealed()).toEqual([1, 1, 1, 1, 1, 21]);
    expect(await answerTo({})).toEqual({ Status: "SUCCESS", ...answered });
    expect(await unsealed()).toEqual([0, 0, 0, 0, 0, 0]);
    expect(await answerTo({})).toEqual({ Status: "SUCCESS", ...answered });
  });

  test("seals what requests that were under way have still appended", async () => {
    const late = memory.storage.timers.sleep(29_000).then(() => produce("default", "a", 0));
    expect(await answerTo({})).toMatchObject({ Status: "SUCCESS" });
    await late;
    expect(await unsealed()).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("says that it failed where a partition cannot be sealed, and seals all others", async () => {
    const damaged = segmentsLogId(topicIds["b"] ?? "", 1);
    const { logs } = memory.storage;
    const putIfAbsent: typeof logs.putIfAbsent = async (entry, maySend) => {
      if (entry.logId === damaged) throw new Error("no room");
      return await logs.putIfAbsent(entry, maySend);
    };
    const answer = await answerTo({}, { ...memory.storage, logs: { ...logsOf(logs), putIfAbsent } });
    expect(answer).toEqual({
      Status: "FAILED",
      Reason: "1 of 6 partitions could not be sealed, the first: team/b partition 1: no room",
      ...answered,
    });
    expect(await unsealed()).toEqual([0, 0, 0, 1, 0, 0]);
  });

  test("says that it failed before its time is up, so that the stack can be deleted again", async () => {
    const { logs } = memory.storage;
    const stuck = { ...logsOf(logs), putIfAbsent: () => new Promise<never>(() => undefined) };
    const startedAtMs = memory.storage.clock.wallMs();
    expect(await answerTo({}, { ...memory.storage, logs: stuck })).toMatchObject({
      Status: "FAILED",
      Reason: "time was up after 0 partitions; delete the stack again to go on",
    });
    expect(memory.storage.clock.wallMs() - startedAtMs).toBeLessThanOrEqual(remainingMs);
  });

  test("seals nothing where the data are deleted too", async () => {
    const ResourceProperties = { ...event.ResourceProperties, RetainData: "false" };
    expect(await answerTo({ ResourceProperties })).toMatchObject({ Status: "SUCCESS" });
    expect(await unsealed()).toEqual([1, 1, 1, 1, 1, 1]);
  });

  test.each(["Create", "Update"] as const)("asks for a sweep on %s, and seals nothing", async (RequestType) => {
    const asked: (readonly [Duty, number])[] = [];
    const wake = async (duty: Duty, delayMs: number): Promise<void> =>
      Promise.resolve(void asked.push([duty, delayMs]));
    const wakeUps = { ...memory.storage.wakeUps, wake };
    expect(await answerTo({ RequestType }, { ...memory.storage, wakeUps })).toMatchObject({ Status: "SUCCESS" });
    expect(asked).toEqual([[{ kind: "sweep" }, 900_000]]);
    const refused = { ...wakeUps, wake: async () => Promise.reject(new Error("no")) };
    expect(await answerTo({ RequestType }, { ...memory.storage, wakeUps: refused })).toMatchObject({
      Status: "FAILED",
      Reason: "no sweep can be asked for",
    });
  });
});

function logsOf(logs: Storage["logs"]): Storage["logs"] {
  return {
    putIfAbsent: (entry, maySend) => logs.putIfAbsent(entry, maySend),
    readFrom: (logId, position, limits) => logs.readFrom(logId, position, limits),
    readLast: (logId) => logs.readLast(logId),
    readAt: (logId, position) => logs.readAt(logId, position),
    trim: (logId, position, entriesMax) => logs.trim(logId, position, entriesMax),
  };
}
