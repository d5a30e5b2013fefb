/** Every route of coordination, with each of the errors that it is said to answer. */
import { describe, expect, test, vi } from "vitest";
import type { ErrorCode } from "../../shared/api/errors.ts";
import type { Operation } from "../../shared/api/operation.ts";
import { operations } from "../../shared/api/operations.ts";
import { type OperationId, type Route, routes, sessionHeader } from "../../shared/api/routes.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../../shared/storage/errors.ts";
import { interruptRequests } from "../shared/services/interrupt-requests.ts";
import { expectError } from "./api-bed.ts";
import { type Call, CoordinationBed, type CoordinationId, goodCalls, under } from "./coordination-bed.ts";
import { type Case, cases } from "./coordination-errors.ts";
import { type FullTree, fullTree } from "./full-tree.ts";
import type { Received } from "./start-functions.ts";

// Nothing is replaced but how much is allowed: filling a tree with 100,000 sessions takes seconds.
vi.mock("../../shared/limits.ts", async (limits) => ({
  ...(await limits<object>()),
  treeSessionsMax: 20,
  ephemeralsPerSessionMax: 20,
  aclListsMax: 20,
}));

const capabilities: readonly string[] = ["znode", "sessions", "election"];
const coordinationIds = (Object.entries(routes) as [OperationId, Route][])
  .filter(([, { capability }]) => capabilities.includes(capability))
  .map(([id]) => id as CoordinationId);

/** Errors that are made from a call that succeeds, in the same way for every route. */
const generalCases: Partial<Record<ErrorCode, (id: CoordinationId) => Case>> = {
  UNKNOWN_NAMESPACE:
    (id) =>
    async ({ bed }) => {
      const call = await goodCalls[id](bed);
      return bed.send({ ...call, params: { ...call.params, namespace: "nowhere" } });
    },
  SESSION_EXPIRED:
    (id) =>
    async ({ bed }) => {
      const call = await goodCalls[id](bed);
      const session = await bed.closedSession();
      const params = operationOf(id).session === "own" ? { sessionId: session.sessionId } : call.params;
      return bed.send({ ...call, ...(params === undefined ? {} : { params }), headers: under(session) });
    },
  AUTH_FAILED:
    (id) =>
    async ({ bed }) => {
      const call = await goodCalls[id](bed);
      return bed.send({ ...call, headers: { [sessionHeader]: "1:a password that is none" } });
    },
};

function operationOf(id: CoordinationId): Operation {
  return operations[id];
}

let filled: Promise<FullTree> | undefined;
const full = (): Promise<FullTree> => (filled ??= fullTree());

describe.each(coordinationIds)("%s", (id) => {
  const { errors, status, answer } = operationOf(id);

  test("succeeds with what it is said to answer, and nothing else", async () => {
    const bed = new CoordinationBed();
    const received = await bed.send(await goodCalls[id](bed));
    expect([received.status, received.json]).toEqual([status, received.json]);
    if (answer === undefined) expect(received.answer.body).toBeUndefined();
    else expect(answer.parse(received.json)).toEqual(received.json);
  });

  test.each(errors)("answers %s", async (code) => {
    const special: Partial<Record<ErrorCode, Case>> = cases[id];
    const answersIt = special[code] ?? generalCases[code]?.(id);
    if (answersIt === undefined) throw new Error(`${id} is said to answer ${code}, and nothing here leads to that`);
    expectError(await answersIt({ bed: new CoordinationBed(), full }), code);
  });

  test("is said to answer all errors that are known of it", () => {
    expect(errors).toEqual(expect.arrayContaining(Object.keys(cases[id])));
    expect(errors).toHaveLength(new Set(errors).size);
  });
});

describe.each(coordinationIds)("what any route may answer: %s", (id) => {
  const { body, bodyOptional } = operationOf(id);
  const isWrite = routes[id].method !== "GET" && id !== "multiRead";

  const changed = async (change: Partial<Call>): Promise<Received> => {
    const bed = new CoordinationBed();
    return bed.send({ ...(await goodCalls[id](bed)), ...change });
  };

  test("INVALID_REQUEST for a parameter or a field that is not known", async () => {
    const query = await changed({ query: { colour: "blue" } });
    expectError(query, "INVALID_REQUEST");
    expect(query.json["details"]).toEqual({ in: "query", field: "colour" });
    const withBody = await changed({ body: { colour: "blue" } });
    expectError(withBody, "INVALID_REQUEST");
    expect(withBody.json["details"]).toMatchObject({ in: "body" });
  });

  if (body !== undefined) {
    test("INVALID_REQUEST, UNSUPPORTED_MEDIA_TYPE and MESSAGE_TOO_LARGE for a body that it cannot take", async () => {
      const bed = new CoordinationBed();
      const { body: _body, ...call } = await goodCalls[id](bed);
      const headers = { ...call.headers, "content-type": "text/plain" };
      expectError(await bed.send({ ...call, body: "{}", headers }), "UNSUPPORTED_MEDIA_TYPE");
      expectError(await bed.send({ ...call, body: "{" }), "INVALID_REQUEST");
      expectError(await bed.send({ ...call, body: " ".repeat(6 * 1024 * 1024 + 1) }), "MESSAGE_TOO_LARGE");
      if (bodyOptional !== true) expectError(await bed.send(call), "UNSUPPORTED_MEDIA_TYPE");
    });
  }

  // It says what is known already.
  if (id === "whoAmI") return;

  test("SYSTEM_ERROR for what nobody foresaw, without a word of it", async () => {
    const bed = new CoordinationBed();
    const { functions } = bed;
    const call = await goodCalls[id](bed);
    functions.calls.length = 0;
    await bed.send(call);
    for (const { name } of functions.calls) functions.failNext(name, new TypeError("secret"));
    const received = await bed.send(call);
    expectError(received, "SYSTEM_ERROR");
    expect(received.raw.toString()).not.toContain("secret");
  });

  // Which of them it is, the service and the moment decide; that it is one of these and can be told apart, the edge.
  test.each<[readonly ErrorCode[], () => Error]>([
    [["THROTTLING_QUOTA_EXCEEDED", "KAFKA_STORAGE_ERROR"], () => new StorageThrottledError("busy")],
    [["KAFKA_STORAGE_ERROR"], () => new StorageUnavailableError("away")],
    [isWrite ? ["REQUEST_TIMED_OUT", "KAFKA_STORAGE_ERROR"] : ["KAFKA_STORAGE_ERROR"], () => new StorageTimeoutError()],
  ])("%s where the store fails", async (codes, error) => {
    const storage = failing(error);
    const bed = new CoordinationBed({ storage: storage.storage });
    const call = await goodCalls[id](bed);
    storage.fail();
    const received = await bed.send(call);
    const code = codes.find((candidate) => candidate === received.json["error"]);
    expect(code, received.raw.toString()).toBeDefined();
    if (code === undefined) return;
    expectError(received, code);
    expect(received.json["details"]).toEqual(code === "REQUEST_TIMED_OUT" ? { effect: "unknown" } : {});
  });
});

/** A store that answers every request with an error, from `fail` on. */
function failing(error: () => Error) {
  let fails = false;
  const storage = interruptRequests(createMemoryStorage().storage, ({ send }) =>
    fails ? Promise.reject(error()) : send(),
  );
  return { storage, fail: (): void => void (fails = true) };
}
