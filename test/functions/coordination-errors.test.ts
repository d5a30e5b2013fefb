/** Every route of coordination, with each of the errors that it is said to answer. */
import { vi } from "vitest";
import type { ErrorCode } from "../../shared/api/errors.ts";
import type { Operation } from "../../shared/api/operation.ts";
import { operations } from "../../shared/api/operations.ts";
import { type OperationId, type Route, routes, sessionHeader } from "../../shared/api/routes.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import { CoordinationBed, type CoordinationId, goodCalls, under } from "./coordination-bed.ts";
import { type Case as CoordinationCase, cases } from "./coordination-errors.ts";
import { type FullTree, fullTree } from "./full-tree.ts";
import { type Case, walkRoutes } from "./walk-routes.ts";

// Nothing is replaced but how much is allowed: filling a tree with 100,000 sessions takes seconds.
vi.mock("../../shared/limits.ts", async (limits) => ({
  ...(await limits<object>()),
  treeSessionsMax: 20,
  ephemeralsPerSessionMax: 20,
  aclListsMax: 20,
}));

vi.mock("../../shared/limits/push.ts", async (limits) => ({
  ...(await limits<object>()),
  subscriptionsPerConnectionMax: 20,
}));

const capabilities: readonly string[] = ["znode", "sessions", "election"];
const coordinationIds = (Object.entries(routes) as [OperationId, Route][])
  .filter(([, { capability }]) => capabilities.includes(capability))
  .map(([id]) => id as CoordinationId);

/** Errors that are made from a call that succeeds, in the same way for every route. */
const generalCases: Partial<Record<ErrorCode, (id: CoordinationId) => CoordinationCase>> = {
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

function begun(run: CoordinationCase | undefined): Case | undefined {
  return run === undefined ? undefined : () => run({ bed: new CoordinationBed(), full });
}

function ofEach<Value>(valueOf: (id: CoordinationId) => Value): Record<CoordinationId, Value> {
  return Object.fromEntries(coordinationIds.map((id) => [id, valueOf(id)])) as Record<CoordinationId, Value>;
}

walkRoutes({
  operations: ofEach(operationOf),
  bedOver: (storage) => new CoordinationBed(storage === undefined ? {} : { storage }),
  newStorage: () => createMemoryStorage().storage,
  goodCalls,
  cases: ofEach((id) =>
    Object.fromEntries(Object.entries<CoordinationCase>(cases[id]).map(([code, run]) => [code, begun(run)])),
  ),
  generalCase: (id, code) => begun(generalCases[code]?.(id)),
  tooLargeBytes: 6 * 1024 * 1024 + 1,
  reads: ["multiRead", "multiReadBelow"],
  storeless: ["whoAmI"],
});
