/** The functions with a caller's view of coordination: routes by their names, sessions, users. */
import type { operations as electionOperations } from "../../shared/api/operations/elections.ts";
import type { operations as sessionOperations } from "../../shared/api/operations/sessions.ts";
import type { operations as znodeOperations } from "../../shared/api/operations/znodes.ts";
import { authHeader, sessionHeader } from "../../shared/api/routes.ts";
import { ApiBed, type ApiCall } from "./api-bed.ts";

export type CoordinationOperations = typeof sessionOperations & typeof znodeOperations & typeof electionOperations;
export type CoordinationId = keyof CoordinationOperations;

export type Call = ApiCall<CoordinationId>;

export interface OpenedSession {
  readonly sessionId: string;
  readonly password: string;
}

/** Acts under a session. */
export function under({ sessionId, password }: OpenedSession): Record<string, string> {
  return { [sessionHeader]: `${sessionId}:${password}` };
}

/** Acts as users of the scheme digest, `name:password`. */
export function as(...users: readonly string[]): Record<string, string> {
  const proofs = users.map((user) => `digest ${Buffer.from(user).toString("base64")}`);
  return { [authHeader]: proofs.join(", ") };
}

const permissions = ["read", "write", "create", "delete", "admin"] as const;
/** Everyone may read, and nothing else. */
export const readOnly = [{ permissions: ["read"], scheme: "world", id: "anyone" }] as const;
/** Nobody may do anything: there is no such digest. */
export const nobody = [{ permissions, scheme: "digest", id: "nobody:none" }] as const;
export const everyone = [{ permissions, scheme: "world", id: "anyone" }] as const;

export class CoordinationBed extends ApiBed<CoordinationId> {
  async openSession(): Promise<OpenedSession> {
    const { sessionId, password } = await this.ok({ id: "createSession", body: { timeoutMs: 60_000 } });
    return { sessionId: String(sessionId), password: String(password) };
  }

  async closedSession(): Promise<OpenedSession> {
    const session = await this.openSession();
    await this.ok({ id: "closeSession", params: { sessionId: session.sessionId }, headers: under(session) });
    return session;
  }

  /** @param path with its first slash */
  create(path: string, body: object = {}, headers: Record<string, string> = {}): Promise<Record<string, unknown>> {
    return this.ok({ id: "createZnode", params: { path: path.slice(1) }, body, headers });
  }

  async setAcl(path: string, acl: readonly object[]): Promise<void> {
    const query = { view: "acl" };
    if (path === "/") await this.ok({ id: "setRoot", query, body: { acl } });
    else await this.ok({ id: "setZnode", params: { path: path.slice(1) }, query, body: { acl } });
  }
}

const election = { election: "e" };
const lock = { lock: "l" };

async function ownSession(bed: CoordinationBed): Promise<Pick<Call, "params" | "headers">> {
  const session = await bed.openSession();
  return { params: { sessionId: session.sessionId }, headers: under(session) };
}

async function candidate(bed: CoordinationBed): Promise<Pick<Call, "params" | "headers">> {
  const headers = under(await bed.openSession());
  await bed.ok({ id: "campaign", params: election, headers });
  return { params: election, headers };
}

async function holder(bed: CoordinationBed): Promise<Pick<Call, "params" | "headers">> {
  const headers = under(await bed.openSession());
  await bed.ok({ id: "acquireLock", params: lock, headers });
  return { params: lock, headers };
}

/** For each route a call that succeeds, after what it needs has been done. */
export const goodCalls: { readonly [Id in CoordinationId]: (bed: CoordinationBed) => Promise<Call> } = {
  createSession: async () => ({ id: "createSession", body: { timeoutMs: 20_000 } }),
  describeSession: async (bed) => ({ id: "describeSession", ...(await ownSession(bed)) }),
  heartbeat: async (bed) => ({ id: "heartbeat", ...(await ownSession(bed)) }),
  closeSession: async (bed) => ({ id: "closeSession", ...(await ownSession(bed)) }),

  getRoot: async () => ({ id: "getRoot" }),
  setRoot: async () => ({ id: "setRoot", body: { data: "new" } }),
  createZnode: async () => ({ id: "createZnode", params: { path: "a" }, body: { data: "new" } }),
  getZnode: async (bed) => {
    await bed.create("/a", { data: "old" });
    return { id: "getZnode", params: { path: "a" } };
  },
  setZnode: async (bed) => {
    await bed.create("/a");
    return { id: "setZnode", params: { path: "a" }, body: { data: "new" } };
  },
  deleteZnode: async (bed) => {
    await bed.create("/a");
    return { id: "deleteZnode", params: { path: "a" } };
  },
  multi: async () => ({
    id: "multi",
    body: {
      ops: [
        { type: "create", path: "/m" },
        { type: "setData", path: "/m", data: "new" },
        { type: "check", path: "/m" },
      ],
    },
  }),
  multiRead: async () => ({
    id: "multiRead",
    body: {
      ops: [
        { type: "getData", path: "/" },
        { type: "getChildren", path: "/" },
        { type: "getData", path: "/gone" },
      ],
    },
  }),
  multiBelow: async (bed) => {
    await bed.create("/a");
    return {
      id: "multiBelow",
      params: { path: "a" },
      body: {
        ops: [
          { type: "create", path: "/a/m-", mode: "persistent_sequential" },
          { type: "check", path: "/a" },
        ],
      },
    };
  },
  multiReadBelow: async (bed) => {
    await bed.create("/a");
    const ops = [
      { type: "getChildren", path: "/a" },
      { type: "getData", path: "/a/gone" },
    ];
    return { id: "multiReadBelow", params: { path: "a" }, body: { ops } };
  },
  getChanges: async (bed) => {
    await bed.create("/a");
    return { id: "getChanges", query: { since: 0, recursive: true } };
  },
  getChangesBelow: async (bed) => {
    await bed.create("/a");
    return { id: "getChangesBelow", params: { path: "a" }, query: { since: 0, recursive: true } };
  },
  subscribeToRoot: async (bed) => ({
    id: "subscribeToRoot",
    body: { connectionId: await bed.openConnection(), recursive: true },
  }),
  subscribeToZnode: async (bed) => ({
    id: "subscribeToZnode",
    params: { path: "yet/to/come" },
    body: { connectionId: await bed.openConnection() },
  }),
  whoAmI: async () => ({ id: "whoAmI", headers: as("ann:secret"), sourceIp: "10.0.0.1" }),

  campaign: async (bed) => ({
    id: "campaign",
    params: election,
    body: { data: "here", waitMs: 10 },
    headers: under(await bed.openSession()),
  }),
  resign: async (bed) => ({ id: "resign", ...(await candidate(bed)), body: {} }),
  proclaim: async (bed) => ({ id: "proclaim", ...(await candidate(bed)), body: { data: "news" } }),
  describeElection: async (bed) => {
    await candidate(bed);
    return { id: "describeElection", params: election };
  },
  observeElection: async (bed) => {
    await candidate(bed);
    return { id: "observeElection", params: election, query: { since: "0", waitMs: 10 } };
  },
  acquireLock: async (bed) => ({
    id: "acquireLock",
    params: lock,
    body: { mode: "read", waitMs: 10 },
    headers: under(await bed.openSession()),
  }),
  releaseLock: async (bed) => ({ id: "releaseLock", ...(await holder(bed)), body: {} }),
  describeLock: async (bed) => {
    await holder(bed);
    return { id: "describeLock", params: lock };
  },
};
