/** What is to be true of every route: it answers what it is said to answer, and each of the errors that it is said to. */
import { describe, expect, test } from "vitest";
import type { ErrorCode } from "../../shared/api/errors.ts";
import type { Operation } from "../../shared/api/operation.ts";
import { type OperationId, routes } from "../../shared/api/routes.ts";
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../../shared/storage/errors.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { interruptRequests } from "../shared/services/interrupt-requests.ts";
import { type ApiBed, type ApiCall, expectError } from "./api-bed.ts";
import type { Received } from "./start-functions.ts";

export type Case = () => Promise<Received>;

export interface Walk<Id extends OperationId, Bed extends ApiBed> {
  readonly operations: Readonly<Record<Id, Operation>>;
  /** The functions over storage of their own, or over this. */
  readonly bedOver: (storage?: Storage) => Bed;
  /** What is made to fail. */
  readonly newStorage: () => Storage;
  /** For each route a call that succeeds, after what it needs has been done. */
  readonly goodCalls: Readonly<Record<Id, (bed: Bed) => Promise<ApiCall>>>;
  /** For each route and each error of it, what leads to the error. */
  readonly cases: Readonly<Record<Id, Partial<Readonly<Record<ErrorCode, Case>>>>>;
  /** What leads to an error in the same way for every route. */
  readonly generalCase?: (id: Id, code: ErrorCode) => Case | undefined;
  /** Larger than a body may be. */
  readonly tooLargeBytes: number;
  /** Routes that only read, whatever their method. */
  readonly reads?: readonly Id[];
  /** Routes that need no storage, and know already what they say. */
  readonly storeless?: readonly Id[];
  /** Whether parts of a request may fail for themselves. */
  readonly partsFail?: boolean;
}

/** Registers the tests of the routes. */
export function walkRoutes<Id extends OperationId, Bed extends ApiBed>(walk: Walk<Id, Bed>): void {
  const { operations, bedOver, goodCalls, cases, reads = [], storeless = [] } = walk;
  const ids = Object.keys(operations) as Id[];
  describe.each(ids)("%s", (id) => {
    const { errors, status, answer }: Operation = operations[id];

    test("succeeds with what it is said to answer, and nothing else", async () => {
      const bed = bedOver();
      const received = await bed.send(await goodCalls[id](bed));
      expect([received.status, received.json]).toEqual([status, received.json]);
      if (answer === undefined) expect(received.answer.body).toBeUndefined();
      else expect(answer.parse(received.json)).toEqual(received.json);
    });

    test.each(errors)("answers %s", async (code) => {
      const answersIt = cases[id][code] ?? walk.generalCase?.(id, code);
      if (answersIt === undefined) throw new Error(`${id} is said to answer ${code}, and nothing here leads to that`);
      expectError(await answersIt(), code);
    });

    test("is said to answer all errors that are known of it", () => {
      expect(errors).toEqual(expect.arrayContaining(Object.keys(cases[id])));
      expect(errors).toHaveLength(new Set(errors).size);
    });
  });

  describe.each(ids)("what any route may answer: %s", (id) => {
    const { body, bodyOptional }: Operation = operations[id];
    const isWrite = routes[id].method !== "GET" && !reads.includes(id);

    const changed = async (change: Partial<ApiCall>): Promise<Received> => {
      const bed = bedOver();
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
        const bed = bedOver();
        const { body: _body, ...call } = await goodCalls[id](bed);
        const headers = { ...call.headers, "content-type": "text/plain" };
        expectError(await bed.send({ ...call, body: "{}", headers }), "UNSUPPORTED_MEDIA_TYPE");
        expectError(await bed.send({ ...call, body: "{" }), "INVALID_REQUEST");
        expectError(await bed.send({ ...call, body: " ".repeat(walk.tooLargeBytes) }), "MESSAGE_TOO_LARGE");
        if (bodyOptional !== true) expectError(await bed.send(call), "UNSUPPORTED_MEDIA_TYPE");
      });
    }

    if (storeless.includes(id)) return;

    test("SYSTEM_ERROR for what nobody foresaw, without a word of it", async () => {
      const bed = bedOver();
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
      [
        isWrite ? ["REQUEST_TIMED_OUT", "KAFKA_STORAGE_ERROR"] : ["KAFKA_STORAGE_ERROR"],
        () => new StorageTimeoutError(),
      ],
    ])("%s where the store fails", async (codes, error) => {
      let fails = false;
      const storage = interruptRequests(walk.newStorage(), ({ send }) => (fails ? Promise.reject(error()) : send()));
      const bed = bedOver(storage);
      const call = await goodCalls[id](bed);
      fails = true;
      const received = await bed.send(call);
      const failure = walk.partsFail === true ? failureOf(received) : received.json;
      const code = codes.find((candidate) => candidate === failure["error"]);
      expect(code, received.raw.toString()).toBeDefined();
      if (code === undefined) return;
      if (failure === received.json) expectError(received, code);
      expect(failure["details"]).toEqual(code === "REQUEST_TIMED_OUT" ? { effect: "unknown" } : {});
    });
  });
}

/** The answer itself, or that of its first part, where each part succeeds or fails for itself. */
function failureOf({ json }: Received): Readonly<Record<string, unknown>> {
  const { results } = json as { readonly results?: readonly { readonly error?: Readonly<Record<string, unknown>> }[] };
  return results?.[0]?.error ?? json;
}
