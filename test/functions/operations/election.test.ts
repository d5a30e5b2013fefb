import { describe, expect, test } from "vitest";
import { type Call, CoordinationBed, under } from "../coordination-bed.ts";

const election = { election: "primary" };
const lock = { lock: "door" };

describe("elections", () => {
  test("are won by who comes first, and passed on", async () => {
    const bed = new CoordinationBed();
    const [one, two] = [await bed.openSession(), await bed.openSession()];
    const campaign = (body: object): Pick<Call, "id" | "params" | "body"> => ({
      id: "campaign",
      params: election,
      body,
    });
    const first = await bed.ok({ ...campaign({ contenderId: "a", data: "one" }), headers: under(one) });
    expect(first).toEqual({
      leader: true,
      candidate: "/elections/primary/candidate-a-0000000000",
      fencingToken: expect.any(Number),
    });
    const second = await bed.ok({ ...campaign({ data: { base64: "/w==" } }), headers: under(two) });
    expect(second).toEqual({ leader: false, candidate: expect.stringMatching(/candidate-\w+-0000000001$/) });
    const described = await bed.ok({ id: "describeElection", params: election });
    const { fencingToken, candidate: path } = first;
    expect(described).toEqual({
      leader: { path, fencingToken, data: "one", sessionId: one.sessionId },
      candidates: 2,
      since: expect.any(String),
    });

    const headers = under(one);
    const proclaimed = await bed.ok({
      id: "proclaim",
      params: election,
      body: { contenderId: "a", data: null },
      headers,
    });
    expect(proclaimed).toEqual({ fencingToken });
    const since = String(described["since"]);
    const news = await bed.ok({ id: "observeElection", params: election, query: { since } });
    expect(news).toMatchObject({ leader: { path, data: null }, since: expect.not.stringMatching(since) });

    const waiting = bed.ok({
      id: "observeElection",
      params: election,
      query: { since: String(news["since"]), waitMs: 25_000 },
    });
    const resigned = await bed.send({ id: "resign", params: election, body: { contenderId: "a" }, headers });
    expect([resigned.status, resigned.answer.body]).toEqual([204, undefined]);
    expect(await waiting).toMatchObject({
      leader: { path: second["candidate"], data: { base64: "/w==" }, sessionId: two.sessionId },
    });
    await bed.ok({ id: "resign", params: election, headers: under(two) });
    expect(await bed.ok({ id: "describeElection", params: election })).toEqual({
      leader: null,
      candidates: 0,
      since: "0",
    });
  });

  test("that nobody stands for have no leader", async () => {
    const bed = new CoordinationBed();
    expect(await bed.ok({ id: "observeElection", params: { election: "none" } })).toEqual({ leader: null, since: "0" });
  });

  test("wait for as long as was asked, and hear when the caller is gone", async () => {
    const bed = new CoordinationBed();
    const headers = under(await bed.openSession());
    const campaign = (body: object, remainingMs = 29_000) =>
      bed.send({ id: "campaign", params: election, body, headers, remainingMs });
    const asked = (): unknown => bed.functions.calls.findLast(({ name }) => name === "elections.campaign")?.args[2];
    await campaign({});
    expect(asked()).toEqual({ waitMs: 0 });
    await campaign({ waitMs: 5_000 });
    expect(asked()).toEqual({ waitMs: 5_000, signal: expect.any(AbortSignal) });
    await campaign({ waitMs: 25_000 }, 3_000);
    expect(asked()).toEqual({ waitMs: 1_000, signal: expect.any(AbortSignal) });
    const tooLong = await campaign({ waitMs: 25_001 });
    expect(tooLong.json).toMatchObject({ error: "INVALID_REQUEST", details: { field: "waitMs" } });
  });
});

describe("locks", () => {
  test("are held by one writer or by many readers, with tokens that grow", async () => {
    const bed = new CoordinationBed();
    const headers = under(await bed.openSession());
    const acquire = (body: object) => bed.ok({ id: "acquireLock", params: lock, body, headers });
    const release = (contenderId: string) =>
      bed.ok({ id: "releaseLock", params: lock, body: { contenderId }, headers });
    const reads = [
      await acquire({ contenderId: "r1", mode: "read" }),
      await acquire({ contenderId: "r2", mode: "read" }),
    ];
    expect(reads).toEqual([
      { acquired: true, path: "/locks/door/read-r1-0000000000", fencingToken: expect.any(Number) },
      { acquired: true, path: "/locks/door/read-r2-0000000001", fencingToken: expect.any(Number) },
    ]);
    expect(await acquire({ contenderId: "w" })).toEqual({ acquired: false });
    expect(await acquire({ contenderId: "w", keepPlace: true })).toEqual({
      acquired: false,
      path: expect.stringMatching(/^\/locks\/door\/write-w-\d{10}$/),
    });
    const described = await bed.ok({ id: "describeLock", params: lock });
    expect(described).toMatchObject({ holders: [{ mode: "read" }, { mode: "read" }], waiting: 1 });
    const writing = acquire({ contenderId: "w", keepPlace: true, waitMs: 25_000 });
    await release("r1");
    await release("r2");
    const granted = await writing;
    expect(granted["acquired"]).toBe(true);
    expect(granted["fencingToken"]).toBeGreaterThan(Number(reads[1]?.["fencingToken"]));
    await release("w");
    expect(await bed.ok({ id: "describeLock", params: lock })).toEqual({ holders: [], waiting: 0 });
  });

  test("fence whoever held them before", async () => {
    const bed = new CoordinationBed();
    const headers = under(await bed.openSession());
    await bed.create("/guarded");
    const acquire = (contenderId: string) =>
      bed.ok({ id: "acquireLock", params: lock, body: { contenderId }, headers });
    const write = ({ path, fencingToken }: Record<string, unknown>) =>
      bed.send({
        id: "multi",
        body: {
          ops: [
            { type: "fence", path, fencingToken },
            { type: "setData", path: "/guarded", data: "x" },
          ],
        },
      });
    const old = await acquire("a");
    expect((await write(old)).json["results"]).toMatchObject([{ type: "fence" }, { type: "setData" }]);
    await bed.ok({ id: "releaseLock", params: lock, body: { contenderId: "a" }, headers });
    const now = await acquire("b");
    expect((await write(old)).json).toMatchObject({ error: "FENCED", details: { operationIndex: 0 } });
    expect((await write(now)).status).toBe(200);
  });
});

describe("names and bodies", () => {
  test.each([
    ["acquireLock", { lock: "a".repeat(129) }],
    ["acquireLock", { lock: "." }],
    ["acquireLock", { lock: "gr%C3%BCn" }],
    ["campaign", { election: "a%2Fb" }],
    ["describeElection", { election: ".." }],
    ["describeLock", { lock: "%20" }],
  ] as const)("%s of %j is BAD_ARGUMENTS", async (id, params) => {
    const bed = new CoordinationBed();
    expect((await bed.send({ id, params, headers: under(await bed.openSession()) })).json["error"]).toBe(
      "BAD_ARGUMENTS",
    );
  });

  test.each([
    ["acquireLock", { mode: "exclusive" }, "mode"],
    ["acquireLock", { waitMs: -1 }, "waitMs"],
    ["acquireLock", { keepPlace: "yes" }, "keepPlace"],
    ["acquireLock", { contenderId: "a".repeat(65) }, "contenderId"],
    ["releaseLock", { waitMs: 1 }, "waitMs"],
    ["campaign", { data: 7 }, "data"],
    ["proclaim", {}, "data"],
  ] as const)("%s with %j is INVALID_REQUEST", async (id, body, field) => {
    const bed = new CoordinationBed();
    const params = { ...election, ...lock };
    const { json } = await bed.send({ id, params, body, headers: under(await bed.openSession()) });
    expect(json).toMatchObject({ error: "INVALID_REQUEST", details: { in: "body", field } });
  });
});
