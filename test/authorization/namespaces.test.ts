/** Whatever a request says, it touches nothing of another namespace than the one in its path. */
import { describe, expect, test } from "vitest";
import { operations } from "../../shared/api/operations.ts";
import type { Operation } from "../../shared/api/operation.ts";
import { type OperationId, routes } from "../../shared/api/routes.ts";
import { namespaceOperations } from "../../shared/api/permissions.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { ApiBed, type ApiCall } from "../functions/api-bed.ts";
import { CoordinationBed, goodCalls as coordinationCalls, under } from "../functions/coordination-bed.ts";
import { goodCalls as groupCalls, GroupBed } from "../functions/group-bed.ts";
import type { Received } from "../functions/start-functions.ts";
import { realTimeStorage } from "../functions/real-time-storage.ts";
import { goodCalls as shareCalls } from "../functions/share-errors.ts";

/** Storage that remembers what its requests name. */
function watched(storage: Storage): { readonly storage: Storage; readonly named: string[] } {
  const named: string[] = [];
  const watch = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get: (target, property) => {
        const method: unknown = Reflect.get(target, property);
        if (typeof method !== "function") return method;
        return (...args: readonly unknown[]): unknown => {
          named.push(args.map(textOf).join(" "));
          return Reflect.apply(method, target, args);
        };
      },
    });
  const { logs, items, blobs, wakeUps } = storage;
  const ports = { logs: watch(logs), items: watch(items), blobs: watch(blobs), wakeUps: watch(wakeUps) };
  return { storage: { ...storage, ...ports }, named };
}

function textOf(argument: unknown): string {
  return JSON.stringify(argument, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value)) ?? "";
}

const other = { namespace: "beta" };

/** A namespace that has everything under the names that requests to another one use. */
async function populated(storage: Storage): Promise<{ readonly marks: readonly string[]; readonly session: string }> {
  const bed = new ApiBed({ storage });
  await bed.ok({ id: "createNamespace", body: { name: "beta" } });
  const { topicId } = await bed.ok({ id: "createTopic", params: other, body: { name: "orders", partitions: 2 } });
  const records = [{ value: "secret", partition: 0 }];
  await bed.ok({ id: "produce", params: { ...other, topic: "orders" }, body: { records } });
  await bed.ok({ id: "createZnode", params: { ...other, path: "a" }, body: { data: "secret" } });
  await bed.ok({ id: "configureShareGroup", params: { ...other, group: "s" }, body: { config: {} } });
  await bed.ok({ id: "joinGroup", params: { ...other, group: "g" }, body: { topics: ["orders"] } });
  await bed.ok({ id: "createProducer", params: other, body: { transactionalId: "t" } });
  const { sessionId, password } = await bed.ok({ id: "createSession", params: other });
  const session = under({ sessionId: String(sessionId), password: String(password) });
  return { marks: ["beta", String(topicId)], session: Object.values(session)[0] ?? "" };
}

type GoodCall = (bed: never) => Promise<ApiCall>;

const topic = { topic: "orders" };
const partition = { ...topic, partition: "0" };
const onTopics: Partial<Record<OperationId, ApiCall>> = {
  createTopic: { id: "createTopic", body: { name: "new" } },
  listTopics: { id: "listTopics" },
  describeTopic: { id: "describeTopic", params: topic },
  describePartitions: { id: "describePartitions", params: topic },
  alterTopic: { id: "alterTopic", params: topic, body: { partitions: 3 } },
  deleteTopic: { id: "deleteTopic", params: topic },
  produce: { id: "produce", params: topic, body: { records: [{ value: "x" }] } },
  produceToPartition: { id: "produceToPartition", params: partition, body: { records: [{ value: "x" }] } },
  truncate: { id: "truncate", params: partition, body: { beforeOffset: 0 } },
  createProducer: { id: "createProducer", body: { transactionalId: "t" } },
  createTopicProducer: { id: "createTopicProducer", params: topic },
  fetch: { id: "fetch", params: partition, query: { offset: 0 } },
  listOffset: { id: "listOffset", params: partition, query: { at: "latest" } },
};
const goodCalls: Readonly<Record<string, GoodCall>> = {
  ...Object.fromEntries(
    Object.entries(onTopics).map(([id, call]) => [
      id,
      async (bed: GroupBed): Promise<ApiCall> => {
        await bed.createTopic();
        return call;
      },
    ]),
  ),
  ...coordinationCalls,
  subscribeToPartition: async (bed: GroupBed): Promise<ApiCall> => {
    await bed.createTopic();
    return { id: "subscribeToPartition", params: partition, body: { connectionId: await bed.openConnection() } };
  },
  ...groupCalls,
  ...shareCalls,
};

/** Beds for every route, whichever they were made for. */
interface AnyBed {
  send(call: ApiCall): Promise<Received>;
}

function bedOf(id: OperationId, storage: Storage): AnyBed {
  return id in coordinationCalls ? new CoordinationBed({ storage }) : new GroupBed(storage);
}

describe("a request to one namespace", () => {
  test.each(namespaceOperations)("by %s reads and writes nothing of another", async (id) => {
    const { storage, named } = watched(realTimeStorage());
    const { marks } = await populated(storage);
    const bed = bedOf(id, storage);
    named.length = 0;
    const call = await (goodCalls[id] as (bed: AnyBed) => Promise<ApiCall>)(bed);
    const { status } = await bed.send(call);
    expect([id, status < 300]).toEqual([id, true]);
    expect(named.filter((one) => marks.some((mark) => one.includes(mark)))).toEqual([]);
  });

  test("can say no other: no field and no parameter is a namespace, but in a path and where one is created", () => {
    const naming = Object.entries<Operation>(operations).flatMap(([id, { body, query, batches }]) => {
      const fields = [body, query, batches?.query].flatMap((schema) => Object.keys(schema?.shape ?? {}));
      return fields.some((field) => /namespace/i.test(field)) ? [id] : [];
    });
    expect(naming).toEqual([]);
    expect(namespaceOperations.every((id) => routes[id].path.split("/")[2] === "{namespace}")).toBe(true);
  });

  test.each(["beta/orders", "../beta/orders", "beta:orders", "/v1/beta/topics/orders"])(
    "finds no topic of another by the name %s",
    async (name) => {
      const { storage, named } = watched(realTimeStorage());
      const { marks } = await populated(storage);
      const bed = new GroupBed(storage);
      await bed.acquire({ deadLetterTopic: "" });
      const producer = await bed.init();
      named.length = 0;
      const calls: readonly ApiCall[] = [
        { id: "acquireRecords", params: { group: "g" }, body: { topics: [name], memberId: "w" } },
        { id: "configureShareGroup", params: { group: "g" }, body: { config: { deadLetterTopic: name } } },
        { id: "writeAtomically", body: { produce: [{ topic: name, records: [{ value: "x" }] }] } },
        {
          id: "addPartitionsToTransaction",
          params: { transactionalId: "t" },
          body: { ...producer, partitions: [{ topic: name, partitions: [0] }] },
        },
        { id: "createTopic", body: { name } },
      ];
      for (const call of calls) {
        const { status } = await new ApiBed({ storage }).send(call);
        expect([call.id, status >= 400 && status < 500]).toEqual([call.id, true]);
      }
      // What was asked for stands in no request either.
      expect(named.filter((one) => marks.some((mark) => one.includes(mark)))).toEqual([]);
    },
  );

  test("takes no session and no transaction of another", async () => {
    const { storage } = watched(realTimeStorage());
    const { session } = await populated(storage);
    const bed = new GroupBed(storage);
    const headers = { "x-streamkeeper-session": session };
    const coordination = new CoordinationBed({ storage });
    expect((await coordination.send({ id: "getRoot", headers })).json["error"]).toBe("SESSION_EXPIRED");
    const beta = await bed.ok({ id: "createProducer", params: other, body: { transactionalId: "theirs" } });
    const params = { transactionalId: "theirs" };
    const commit = await bed.send({ id: "commitTransaction", params, body: beta });
    expect(commit.json["error"]).toBe("INVALID_PRODUCER_ID_MAPPING");
  });
});
