/** Whether what `cdk deploy` would upload does its work with the permissions that it gets, and needs them all. */
import { beforeAll, describe, expect, test } from "vitest";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { topicKey } from "../../shared/storage/item-keys.ts";
import { parseEmf } from "../shared/metrics/emf-schema.ts";
import { type BundledFunctions, bundleFunctions } from "./bundled-functions.ts";
import { grantsOf } from "./permissions.ts";
import { Rehearsal } from "./rehearsal.ts";
import { notRehearsed } from "./not-rehearsed.ts";

/** Some twenty processes that do two hundred calls: seconds of work, and more on a busy machine. */
const rehearsalMsMax = 240_000;

let bundles: BundledFunctions;
beforeAll(() => {
  bundles = bundleFunctions();
}, rehearsalMsMax);

describe("the bundled functions, with the permissions of their roles", { timeout: rehearsalMsMax }, () => {
  let rehearsal: Rehearsal;
  beforeAll(async () => {
    rehearsal = await Rehearsal.start(bundles);
    return async () => await rehearsal.stop();
  });

  const minuteMs = 60_000;
  const flights = "/v1/team/topics/flights";

  test("serve the whole API", async () => {
    const ok = async (capability: string, call: string, body?: unknown): Promise<unknown> => {
      const answer = await rehearsal.http(capability, call, body);
      expect(answer.status, `${call}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      return answer.body;
    };
    await ok("health", "GET /health");
    await ok("topics", "POST /v1/namespaces", { name: "team" });
    await ok("topics", "POST /v1/namespaces", { name: "gone" });
    await ok("topics", "GET /v1/namespaces");
    await ok("topics", "DELETE /v1/namespaces/gone");
    await ok("topics", "POST /v1/team/topics", {
      name: "flights",
      partitions: 1,
      config: { "retention.ms": "7200000" },
    });
    await ok("topics", "POST /v1/team/topics", { name: "gone", partitions: 1 });
    await ok("topics", "PATCH /v1/team/topics/flights", { partitions: 2 });
    await ok("topics", "GET /v1/team/topics");
    await ok("topics", "GET /v1/team/topics/flights");
    await ok("produce", "POST /v1/team/producers", {});
    await ok("produce", `POST ${flights}/records`, {
      records: [
        { value: "a", partition: 0 },
        { value: "b", partition: 0 },
      ],
    });
    for (const topic of [flights, "/v1/team/topics/gone"]) {
      const large = { records: [{ value: "x".repeat(100_000) }] };
      await ok("produce", `POST ${topic}/partitions/0/records`, large);
    }
    await ok("produce", `POST ${flights}/partitions/0/truncate`, { beforeOffset: 1 });
    await rehearsal.coolDown();
    await ok("produce", `POST ${flights}/partitions/0/records`, { records: [{ value: "after a cold start" }] });
    for (const [offset, value] of [
      ["earliest", '"b"'],
      ["2", "xxx"],
      ["3", "after a cold start"],
    ] as const) {
      const fetched = await ok("fetch", `GET ${flights}/partitions/0/records?offset=${offset}`);
      expect(JSON.stringify(fetched)).toContain(value);
    }
    await ok("fetch", `GET ${flights}/partitions/0/offsets?at=latest`);
    await ok("fetch", `GET ${flights}/partitions/0/offsets?at=1`);
    for (const [capability, call] of [
      ["fetch", "GET /v1/team/topics/none/partitions/0/records?offset=0"],
      ["produce", "POST /v1/team/topics/none/partitions/0/truncate"],
    ] as const) {
      const body = capability === "produce" ? { beforeOffset: 0 } : undefined;
      expect(await rehearsal.http(capability, call, body)).toMatchObject({ status: 404 });
    }
    await ok("topics", "DELETE /v1/team/topics/gone");
    expect(rehearsal.refused).toEqual([]);
  });

  test("serve znodes, sessions, elections and locks, and end sessions", async () => {
    let session: Readonly<Record<string, string>> = {};
    const ok = async (capability: string, call: string, body?: unknown): Promise<unknown> => {
      const answer = await rehearsal.http(capability, call, body, session);
      expect(answer.status, `${call}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      return answer.body;
    };
    const opened = (await ok("sessions", "POST /v1/team/sessions", { timeoutMs: 30_000 })) as Record<string, string>;
    const { sessionId = "" } = opened;
    session = { "x-streamkeeper-session": `${sessionId}:${opened["password"]}` };
    const data = "x".repeat(400_000);
    await ok("znode", "POST /v1/team/znodes/a", { data });
    await ok("znode", "POST /v1/team/znodes/c", { mode: "container" });
    await ok("znode", "POST /v1/team/znodes/c/e", { mode: "ephemeral" });
    await ok("znode", "POST /v1/team/multi", { ops: [{ type: "setData", path: "/a", data }] });
    await ok("sessions", `POST /v1/team/sessions/${sessionId}/heartbeat`);
    await ok("election", "POST /v1/team/elections/e/campaign", {});
    await ok("election", "POST /v1/team/locks/l/acquire", {});
    await rehearsal.coolDown();
    await ok("znode", "GET /v1/team/znodes/a");
    await ok("znode", "GET /v1/team/changes?since=0&recursive=true");
    await ok("election", "GET /v1/team/elections/e");
    await ok("election", "GET /v1/team/locks/l");
    await ok("sessions", `GET /v1/team/sessions/${sessionId}`);
    const brief = (await ok("sessions", "POST /v1/team/sessions", { timeoutMs: 30_000 })) as Record<string, string>;
    const itself = { "x-streamkeeper-session": `${brief["sessionId"]}:${brief["password"]}` };
    const ended = await rehearsal.http("sessions", `DELETE /v1/team/sessions/${brief["sessionId"]}`, undefined, itself);
    expect(ended.status).toBeLessThan(300);
    expect(await rehearsal.duties({ kind: "reap", namespace: "team", sessionId })).toBe(0);
    await ok("znode", "GET /v1/team/znodes/c/e?view=stat");
    rehearsal.clockAheadMs = minuteMs;
    expect(await rehearsal.duties({ kind: "reap", namespace: "team", sessionId })).toBe(0);
    expect(await rehearsal.duties({ kind: "expire", namespace: "team" })).toBe(0);
    session = {};
    expect(await ok("election", "GET /v1/team/elections/e")).toMatchObject({ leader: null });
    expect((await rehearsal.http("znode", "GET /v1/team/znodes/c")).status).toBe(404);
    // One whose wake-up is lost.
    const lost = (await ok("sessions", "POST /v1/team/sessions", { timeoutMs: 30_000 })) as Record<string, string>;
    rehearsal.clockAheadMs = 2 * minuteMs;
    await rehearsal.sweep();
    session = { "x-streamkeeper-session": `${lost["sessionId"]}:${lost["password"]}` };
    const gone = await rehearsal.http("sessions", `GET /v1/team/sessions/${lost["sessionId"]}`, undefined, session);
    expect(gone).toMatchObject({ body: { error: "SESSION_EXPIRED" } });
    rehearsal.clockAheadMs = 0;
    expect(rehearsal.refused).toEqual([]);
  });

  test("serve groups, share groups and transactions, and end what is over its time", async () => {
    const ok = async (capability: string, call: string, body?: unknown): Promise<Record<string, unknown>> => {
      const answer = await rehearsal.http(capability, call, body);
      expect(answer.status, `${call}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      return answer.body as Record<string, unknown>;
    };
    const jobs = "/v1/team/topics/jobs";
    await ok("topics", "POST /v1/team/topics", { name: "jobs", partitions: 2 });
    await ok("topics", "POST /v1/team/topics", { name: "dead", partitions: 1 });
    await ok("produce", `POST ${jobs}/records`, { records: [{ value: "a", partition: 0 }] });

    const members = "/v1/team/groups/g/members";
    const { memberId, memberEpoch } = await ok("groups", `POST ${members}`, { topicPattern: "job.*" });
    await rehearsal.coolDown();
    await ok("groups", `POST ${members}/${String(memberId)}/heartbeat`, { memberEpoch });
    const offset = { topic: "jobs", partition: 0, offset: 1 };
    await ok("groups", "PUT /v1/team/groups/g/offsets", { memberId, memberEpoch, offsets: [offset] });
    expect(await ok("groups", "GET /v1/team/groups/g/offsets")).toMatchObject({ offsets: [{ lag: 0 }, { lag: 0 }] });
    await ok("groups", "GET /v1/team/groups");
    await ok("groups", "GET /v1/team/groups/g");
    await ok("groups", `DELETE ${members}/${String(memberId)}?forever=true`);
    await ok("groups", "POST /v1/team/groups/g/offsets/reset", { to: "earliest" });

    const queue = "/v1/team/share-groups/q";
    await ok("groups", `PUT ${queue}`, { config: { startAt: "earliest", deadLetterTopic: "dead" } });
    const acquired = await ok("groups", `POST ${queue}/acquire`, { topics: ["jobs"], memberId: "w" });
    expect(acquired).toMatchObject({ records: [{ value: "a", deliveryCount: 1 }] });
    const rejected = { topic: "jobs", partition: 0, firstOffset: 0, lastOffset: 0, type: "reject" };
    await ok("groups", `POST ${queue}/acknowledge`, { memberId: "w", acknowledgements: [rejected] });
    await ok("groups", `POST ${queue}/redrive`, {});
    await ok("groups", `GET ${queue}`);
    await ok("groups", "GET /v1/team/share-groups");
    await ok("groups", `DELETE ${queue}`);

    const both = [
      { value: "b", partition: 0 },
      { value: "c", partition: 1 },
    ];
    const write = { produce: [{ topic: "jobs", records: both }], offsets: [{ group: "g", offsets: [offset] }] };
    await ok("transactions", "POST /v1/team/transactions", write);
    const add = async (transactionalId: string): Promise<object> => {
      const producer = await ok("produce", "POST /v1/team/producers", { transactionalId, timeoutMs: 1_000 });
      const path = `/v1/team/transactions/${transactionalId}`;
      const partitions = [{ topic: "jobs", partitions: [0] }];
      await ok("transactions", `POST ${path}/partitions`, { ...producer, partitions });
      await ok("transactions", `POST ${path}/offsets`, { ...producer, group: "g", offsets: [offset] });
      const records = { records: [{ value: transactionalId }], ...producer, baseSequence: 0, transactionalId };
      await ok("produce", `POST ${jobs}/partitions/0/records`, records);
      return producer;
    };
    await ok("transactions", "POST /v1/team/transactions/done/commit", await add("done"));
    await add("taken-over");
    await rehearsal.coolDown();
    await ok("produce", "POST /v1/team/producers", { transactionalId: "taken-over" });
    await add("timed-out");
    await add("lost");
    await ok("transactions", "GET /v1/team/transactions");
    rehearsal.clockAheadMs = minuteMs;
    const duty = { kind: "transaction", namespace: "team", transactionalId: "timed-out" } as const;
    expect(await rehearsal.duties(duty)).toBe(0);
    await rehearsal.sweep();
    for (const id of ["timed-out", "lost"]) {
      expect(await ok("transactions", `GET /v1/team/transactions/${id}`)).toMatchObject({ state: "CompleteAbort" });
    }
    rehearsal.clockAheadMs = 0;
    await ok("groups", "DELETE /v1/team/groups/g");

    // What groups keep of a deleted topic goes with the sweeps below; what a namespace held, at once.
    for (const namespace of ["team", "brief"]) {
      if (namespace === "brief") await ok("topics", "POST /v1/namespaces", { name: namespace });
      const base = `/v1/${namespace}`;
      await ok("topics", `POST ${base}/topics`, { name: "brief", partitions: 1 });
      await ok("produce", `POST ${base}/topics/brief/records`, { records: [{ value: "a" }] });
      await ok("groups", `PUT ${base}/groups/late/offsets`, { offsets: [{ ...offset, topic: "brief" }] });
      await ok("groups", `PUT ${base}/share-groups/queue`, { config: { startAt: "earliest" } });
      await ok("groups", `POST ${base}/share-groups/queue/acquire`, { topics: ["brief"], memberId: "w" });
      await ok("produce", `POST ${base}/producers`, { transactionalId: "left" });
      await ok("topics", `DELETE ${base}/topics/brief`);
    }
    await ok("topics", "DELETE /v1/namespaces/brief");
    await ok("topics", "POST /v1/namespaces", { name: "brief" });
    expect(await ok("groups", "GET /v1/brief/groups")).toEqual({ groups: [] });
    expect(await ok("transactions", "GET /v1/brief/transactions")).toEqual({ transactions: [] });
    await ok("topics", "DELETE /v1/namespaces/brief");
    expect(rehearsal.refused).toEqual([]);
  });

  test("write and read what is too large for an item, and start from a snapshot of a large tree", async () => {
    const ok = async (capability: string, call: string, body?: unknown): Promise<Record<string, unknown>> => {
      const answer = await rehearsal.http(capability, call, body);
      expect(answer.status, `${call}: ${JSON.stringify(answer.body)}`).toBeLessThan(300);
      return answer.body as Record<string, unknown>;
    };
    const large = "x".repeat(100_000);
    await ok("topics", "POST /v1/namespaces", { name: "wide" });
    await ok("topics", "POST /v1/wide/topics", { name: "jobs", partitions: 1 });
    await ok("topics", "POST /v1/wide/topics", { name: "dead", partitions: 1 });
    const records = [{ value: large, partition: 0 }];
    await ok("transactions", "POST /v1/wide/transactions", { produce: [{ topic: "jobs", records }] });
    await rehearsal.coolDown();
    const queue = "/v1/wide/share-groups/q";
    await ok("groups", `PUT ${queue}`, { config: { startAt: "earliest", deadLetterTopic: "dead" } });
    const acquired = await ok("groups", `POST ${queue}/acquire`, { topics: ["jobs"], memberId: "w" });
    expect(acquired).toMatchObject({ records: [{ deliveryCount: 1 }] });
    const rejected = { topic: "jobs", partition: 0, firstOffset: 0, lastOffset: 0, type: "reject" };
    await ok("groups", `POST ${queue}/acknowledge`, { memberId: "w", acknowledgements: [rejected] });
    expect(await ok("fetch", "GET /v1/wide/topics/dead/partitions/0/records?offset=0")).toMatchObject({
      highWatermark: 1,
    });
    await ok("produce", "POST /v1/wide/topics/dead/partitions/0/truncate", { beforeOffset: 0 });

    const ops = Array.from({ length: 1_000 }, (_, index) => ({ type: "create", path: `/n-${index}` }));
    await ok("znode", "POST /v1/wide/multi", { ops });
    for (let write = 0; write < 14; write++)
      await ok("znode", `POST /v1/wide/znodes/w-${write}`, { data: "y".repeat(320_000) });
    await rehearsal.sweep();
    // Whoever has no item of a topic asks the tree, which is read from its snapshot.
    const offset = { topic: "jobs", partition: 0, offset: 1 };
    const finders: readonly (readonly [string, string, unknown?])[] = [
      ["topics", "GET /v1/wide/topics/jobs"],
      ["produce", "POST /v1/wide/topics/jobs/records", { records: [{ value: "a" }] }],
      ["fetch", "GET /v1/wide/topics/jobs/partitions/0/records?offset=0"],
      ["groups", "PUT /v1/wide/groups/g/offsets", { offsets: [offset] }],
      ["transactions", "POST /v1/wide/transactions", { produce: [{ topic: "jobs", records: [{ value: "b" }] }] }],
      ["sessions", "POST /v1/wide/sessions", { timeoutMs: 30_000 }],
      ["election", "GET /v1/wide/elections/e"],
      ["znode", "GET /v1/wide/znodes/w-1"],
    ];
    for (const [capability, call, body] of finders) {
      await rehearsal.loseItem(topicKey("wide", "jobs"));
      await rehearsal.coolDown();
      await ok(capability, call, body);
    }
    await rehearsal.coolDown();
    expect(await rehearsal.duties({ kind: "expire", namespace: "wide" })).toBe(0);
    await rehearsal.sweep();
    const expected = "fetch: dynamodb:UpdateItem items topics:wide";
    expect(rehearsal.refused.filter((refusal) => refusal !== expected)).toEqual([]);
  });

  test("seal, retain, collect and sweep", async () => {
    const refusedBefore = rehearsal.refused.length;
    const { topicId } = (await rehearsal.http("topics", `GET ${flights}`)).body as { readonly topicId: string };
    // Sealed after 10 min, read from there after 20, given up after the topic's 2 h, collected after a grace of 2 h; what a
    // deleted topic has left goes after a day.
    for (const aheadMs of [15, 40, 60, 200, 400, 1_600, 1_800].map((minutes) => minutes * minuteMs)) {
      rehearsal.clockAheadMs = aheadMs;
      for (const kind of ["seal", "retain", "collect"] as const) {
        const failed = await rehearsal.duties({ kind, topicId, partition: 0 }, { kind, topicId, partition: 1 });
        expect(failed, `${kind} at ${aheadMs} ms`).toBe(0);
      }
      const compact = {
        kind: "compact",
        topicId,
        partition: 0,
        askedAtMs: Date.now() + aheadMs,
        segmentBytes: 1_048_576,
        minCompactionLagMs: 0,
        maxCompactionLagMs: Number.MAX_SAFE_INTEGER,
        deleteRetentionMs: 0,
        minCleanableDirtyRatio: 0,
      } as const;
      expect(await rehearsal.duties(compact), `compact at ${aheadMs} ms`).toBe(0);
      await rehearsal.sweep();
      const { status } = await rehearsal.http("fetch", `GET ${flights}/partitions/0/records?offset=1`);
      expect([200, 416]).toContain(status);
      const records = [{ value: String(aheadMs) }];
      const produced = await rehearsal.http("produce", `POST ${flights}/partitions/0/records`, { records });
      expect(produced.status, JSON.stringify(produced.body)).toBe(200);
    }
    expect(rehearsal.refused.slice(refusedBefore)).toEqual([]);
  });

  test("tell who has subscribed what has grown, and forget connections that are gone", async () => {
    const refusedBefore = rehearsal.refused.length;
    const { open, posted } = rehearsal.connections;
    const described = await rehearsal.http("topics", `GET ${flights}`);
    const { topicId } = described.body as { readonly topicId: string };
    const subscribe = async (capability: string, path: string, connectionId: string) => {
      const { status, body } = await rehearsal.http(capability, `POST ${path}`, { connectionId });
      expect([status, body]).toEqual([201, body]);
      return body as { readonly subscriptionId: string };
    };
    for (const connectionId of ["here", "gone"]) {
      await rehearsal.said("CONNECT", connectionId);
      await subscribe("fetch", `${flights}/partitions/0/subscriptions`, connectionId);
    }
    open.add("here");
    await subscribe("znode", "/v1/team/subscriptions/znodes", "here");
    await rehearsal.grown(`partition:${topicId}:0`, 0);
    await rehearsal.grown("tree:team", 0);
    expect(new Set(posted.map(({ connectionId }) => connectionId))).toEqual(new Set(["here"]));
    expect(posted.map(({ message }) => message).join()).toMatch(/"topic":"flights".*"path":"\/"/);
    const { subscriptionId } = await subscribe("fetch", `${flights}/partitions/0/subscriptions`, "here");
    expect(await rehearsal.said("MESSAGE", "here", { action: "unsubscribe", subscriptionId })).toMatchObject({
      body: expect.stringContaining("unsubscribed") as string,
    });
    await rehearsal.said("DISCONNECT", "here");
    const again = await rehearsal.http("fetch", `POST ${flights}/partitions/0/subscriptions`, { connectionId: "here" });
    expect(again.status).toBe(404);
    expect(rehearsal.refused.slice(refusedBefore)).toEqual([]);
  });

  test("find a topic whose item is missing; fetch leaves it to produce to write the item again", async () => {
    const refusedAtFirst = rehearsal.refused.length;
    await rehearsal.loseItem(topicKey("team", "flights"));
    await rehearsal.coolDown();
    const latest = `GET ${flights}/partitions/0/offsets?at=latest`;
    expect(await rehearsal.http("fetch", latest)).toMatchObject({ status: 200 });
    expect(new Set(rehearsal.refused.slice(refusedAtFirst))).toEqual(
      new Set(["fetch: dynamodb:UpdateItem items topics:team"]),
    );

    const refusedBefore = rehearsal.refused.length;
    const records = [{ value: "by a cold function" }];
    expect(await rehearsal.http("produce", `POST ${flights}/records`, { records })).toMatchObject({ status: 200 });
    await rehearsal.coolDown();
    expect(await rehearsal.http("fetch", latest)).toMatchObject({ status: 200 });
    expect(rehearsal.refused).toHaveLength(refusedBefore);
  });

  test("seal everything before the service is deleted, and ask for a sweep when it is made anew", async () => {
    const refusedBefore = rehearsal.refused.length;
    await rehearsal.coolDown();
    for (const request of ["Delete", "Create"] as const) {
      expect(await rehearsal.handover(request)).toMatchObject({ Status: "SUCCESS" });
    }
    expect(rehearsal.refused.slice(refusedBefore)).toEqual([]);
  });

  test("have written of all of that what CloudWatch reads as metrics", async () => {
    await rehearsal.coolDown();
    const metrics = rehearsal.lines.flatMap(parseEmf);
    const named = (name: string, dimension: string): unknown[] =>
      metrics.filter((one) => one.name === name).flatMap(({ dimensions }) => dimensions.map((set) => set[dimension]));
    expect(named("BytesInPerSec", "Topic")).toEqual(expect.arrayContaining(["flights", "jobs"]));
    expect(named("SumOffsetLag", "Consumer Group")).toContain("g");
    expect(named("RequestsPerSec", "Request")).toEqual(expect.arrayContaining(["produce", "fetch", "campaign"]));
    expect(new Set(named("StorageRequests", "Function"))).toEqual(
      new Set([undefined, ...Object.keys(capabilitySizes)]),
    );
    for (const name of ["OldestUnsealedAge", "SealingLag", "DeadLetters", "znode_count", "ColdStarts"]) {
      expect(named(name, "Cluster Name"), name).toContain("Rehearsal");
    }
  });

  test("need every permission that they have, but for those that stand in a list with the reason", () => {
    const granted = [...grantsOf(bundles.permissions)].flatMap(([capability, grants]) =>
      [...grants].map((grant) => ({ capability, grant, named: `${capability}: ${grant}` })),
    );
    const excused = new Set(Object.values(notRehearsed).flat());
    const unused = granted.filter(({ capability, grant }) => rehearsal.used.get(capability)?.has(grant) !== true);
    expect(unused.map(({ named }) => named).filter((named) => !excused.has(named))).toEqual([]);
    const known = new Set(granted.map(({ named }) => named));
    expect([...excused].filter((named) => !known.has(named))).toEqual([]);
  });
});
