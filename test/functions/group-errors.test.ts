/** Every route of groups and transactions, with each of the errors that it is said to answer. */
import { describe, expect, test, vi } from "vitest";
import type { ErrorCode } from "../../shared/api/errors.ts";
import type { Operation } from "../../shared/api/operation.ts";
import { operations as groupOperations } from "../../shared/api/operations/groups.ts";
import { operations as transactionOperations } from "../../shared/api/operations/transactions.ts";
import { routes } from "../../shared/api/routes.ts";
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../../shared/storage/errors.ts";
import { interruptRequests } from "../shared/services/interrupt-requests.ts";
import { expectError } from "./api-bed.ts";
import { type Call, goodCalls, GroupBed, type GroupId } from "./group-bed.ts";
import { type Case, cases } from "./group-errors.ts";
import { realTimeStorage } from "./real-time-storage.ts";
import type { Received } from "./start-functions.ts";

// Nothing is replaced but how much is allowed, and how long is tried what a test lets fail.
vi.mock("../../shared/limits/groups.ts", async (limits) => ({ ...(await limits<object>()), groupMembersMax: 3 }));
vi.mock("../../shared/limits/transactions.ts", async (limits) => ({ ...(await limits<object>()), markerTriesMax: 1 }));

const operations: Readonly<Record<GroupId, Operation>> = { ...groupOperations, ...transactionOperations };
const ids = Object.keys(operations) as GroupId[];

describe.each(ids)("%s", (id) => {
  const { errors, status, answer } = operations[id];

  test("succeeds with what it is said to answer, and nothing else", async () => {
    const bed = new GroupBed();
    const received = await bed.send(await goodCalls[id](bed));
    expect([received.status, received.json]).toEqual([status, received.json]);
    if (answer === undefined) expect(received.answer.body).toBeUndefined();
    else expect(answer.parse(received.json)).toEqual(received.json);
  });

  test.each(errors)("answers %s", async (code) => {
    const known: Partial<Record<ErrorCode, Case>> = cases[id];
    const answersIt = known[code];
    if (answersIt === undefined) throw new Error(`${id} is said to answer ${code}, and nothing here leads to that`);
    expectError(await answersIt(), code);
  });

  test("is said to answer all errors that are known of it", () => {
    expect(errors).toEqual(expect.arrayContaining(Object.keys(cases[id])));
    expect(errors).toHaveLength(new Set(errors).size);
  });
});

describe.each(ids)("what any route may answer: %s", (id) => {
  const { body } = operations[id];
  const isWrite = routes[id].method !== "GET";

  const changed = async (change: Partial<Call>): Promise<Received> => {
    const bed = new GroupBed();
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
      const bed = new GroupBed();
      const { body: _body, ...call } = await goodCalls[id](bed);
      const headers = { "content-type": "text/plain" };
      expectError(await bed.send({ ...call, body: "{}", headers }), "UNSUPPORTED_MEDIA_TYPE");
      expectError(await bed.send({ ...call, body: "{" }), "INVALID_REQUEST");
      expectError(await bed.send({ ...call, body: " ".repeat(10 * 1024 * 1024 + 1) }), "MESSAGE_TOO_LARGE");
      expectError(await bed.send(call), "UNSUPPORTED_MEDIA_TYPE");
    });
  }

  test("SYSTEM_ERROR for what nobody foresaw, without a word of it", async () => {
    const bed = new GroupBed();
    const { functions } = bed;
    const call = await goodCalls[id](bed);
    functions.calls.length = 0;
    await bed.send(call);
    for (const { name } of functions.calls) functions.failNext(name, new TypeError("secret"));
    const received = await bed.send(call);
    expectError(received, "SYSTEM_ERROR");
    expect(received.raw.toString()).not.toContain("secret");
  });

  test.each<[readonly ErrorCode[], () => Error]>([
    [["THROTTLING_QUOTA_EXCEEDED", "KAFKA_STORAGE_ERROR"], () => new StorageThrottledError("busy")],
    [["KAFKA_STORAGE_ERROR"], () => new StorageUnavailableError("away")],
    [isWrite ? ["REQUEST_TIMED_OUT", "KAFKA_STORAGE_ERROR"] : ["KAFKA_STORAGE_ERROR"], () => new StorageTimeoutError()],
  ])("%s where the store fails", async (codes, error) => {
    let fails = false;
    const storage = interruptRequests(realTimeStorage(), ({ send }) => (fails ? Promise.reject(error()) : send()));
    const bed = new GroupBed(storage);
    const call = await goodCalls[id](bed);
    fails = true;
    const received = await bed.send(call);
    const code = codes.find((candidate) => candidate === received.json["error"]);
    expect(code, received.raw.toString()).toBeDefined();
    if (code === undefined) return;
    expectError(received, code);
    expect(received.json["details"]).toEqual(code === "REQUEST_TIMED_OUT" ? { effect: "unknown" } : {});
  });
});
