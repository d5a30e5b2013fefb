/** For each route of coordination, and each error that only it or a few others answer, what leads to it. */
import {
  type Call,
  type CoordinationBed,
  type CoordinationId,
  type CoordinationOperations,
  nobody,
  readOnly,
  under,
} from "./coordination-bed.ts";
import type { FullTree } from "./full-tree.ts";
import type { Received } from "./start-functions.ts";

/** What every route answers in the same way: the walk over all routes makes them from a call that succeeds. */
type General = "UNKNOWN_NAMESPACE" | "SESSION_EXPIRED" | "AUTH_FAILED";
type Listed<Id extends CoordinationId> = CoordinationOperations[Id]["errors"][number];
type Special<Id extends CoordinationId> = Exclude<Listed<Id>, General>;

export interface Beds {
  readonly bed: CoordinationBed;
  full(): Promise<FullTree>;
}
export type Case = (beds: Beds) => Promise<Received>;

const a = { path: "a" };
const below = { path: "a/b" };
const gone = { path: "gone" };
/** Of a znode, where it begins with a slash, has an empty name. */
const badPath = { path: "/a" };
const election = { election: "e" };
const lock = { lock: "l" };
const fresh = [{ permissions: ["read"], scheme: "digest", id: "somebody:else" }];

/** Sends `call` once `prepare` is done. */
function after(prepare: (bed: CoordinationBed) => Promise<unknown>, call: Call): Case {
  return async ({ bed }) => {
    await prepare(bed);
    return bed.send(call);
  };
}

function at(call: Call): Case {
  return async ({ bed }) => bed.send(call);
}

/** Sends `call` under a session, with what has been done under it before. */
function underSession(call: Call, prepare?: (bed: CoordinationBed, headers: Headers) => Promise<unknown>): Case {
  return async ({ bed }) => {
    const headers = under(await bed.openSession());
    await prepare?.(bed, headers);
    return bed.send({ ...call, headers });
  };
}
type Headers = Readonly<Record<string, string>>;

/** Where everything that is counted is at its most. */
function whereFull(call: Call): Case {
  return async ({ full }) => {
    const { bed, session } = await full();
    return bed.send({ ...call, headers: under(session) });
  };
}

/** Sends `call` with a connection of the caller's, with what has been done before. */
function subscribing(call: Call, prepare?: (bed: CoordinationBed) => Promise<unknown>): Case {
  return async ({ bed }) => {
    await prepare?.(bed);
    return bed.send({ ...call, body: { connectionId: await bed.openConnection() } });
  };
}

/** Sends `call` until its connection has all the subscriptions that it may. */
function subscribedOut(call: Call): Case {
  return async ({ bed }) => {
    const body = { connectionId: await bed.openConnection() };
    let received = await bed.send({ ...call, body });
    while (received.status === 201) received = await bed.send({ ...call, body });
    return received;
  };
}

function campaign(bed: CoordinationBed, headers: Headers): Promise<unknown> {
  return bed.ok({ id: "campaign", params: election, headers });
}

function acquire(bed: CoordinationBed, headers: Headers): Promise<unknown> {
  return bed.ok({ id: "acquireLock", params: lock, headers });
}

/** Someone else is before it in line, and it gives its place up while it waits. */
function givenUp(wait: Call, giveUp: Call): Case {
  return async ({ bed }) => {
    const first = under(await bed.openSession());
    await bed.ok({ ...wait, headers: first });
    const headers = under(await bed.openSession());
    const waiting = bed.send({ ...wait, body: { waitMs: 25_000 }, headers });
    // Until it has its place there is nothing to give up.
    for (let attempt = 0; attempt < placeAttemptsMax; attempt += 1) {
      if ((await bed.send({ ...giveUp, headers })).status === 204) break;
    }
    return waiting;
  };
}
const placeAttemptsMax = 100;

const bigDataBytes = 1_000_000;

/** The same by both routes: all of it is at or below `/a`. */
function multiCases(route: Pick<Call, "params"> & { readonly id: "multi" | "multiBelow" }) {
  const multi = (...ops: readonly object[]): Call => ({ ...route, body: { ops } });
  return {
    NO_NODE: at(multi({ type: "check", path: "/a/gone" })),
    NO_AUTH: after((bed) => bed.create("/a", { acl: readOnly }), multi({ type: "setData", path: "/a", data: null })),
    NODE_EXISTS: after((bed) => bed.create("/a"), multi({ type: "create", path: "/a" })),
    NO_CHILDREN_FOR_EPHEMERALS: underSession(
      multi({ type: "create", path: "/a", mode: "ephemeral" }, { type: "create", path: "/a/b" }),
    ),
    INVALID_ACL: at(multi({ type: "create", path: "/a", acl: [] })),
    QUOTA_EXCEEDED: whereFull(multi({ type: "create", path: "/a/new", acl: fresh })),
    BAD_VERSION: after((bed) => bed.create("/a"), multi({ type: "check", path: "/a", version: 9 })),
    NOT_EMPTY: after(
      (bed) => bed.create("/a"),
      multi({ type: "create", path: "/a/b" }, { type: "delete", path: "/a" }),
    ),
    FENCED: after((bed) => bed.create("/a"), multi({ type: "fence", path: "/a", fencingToken: 0 })),
  };
}

export const cases: { readonly [Id in CoordinationId]: { readonly [Code in Special<Id>]: Case } } = {
  createSession: { QUOTA_EXCEEDED: whereFull({ id: "createSession" }) },
  describeSession: {},
  heartbeat: {},
  closeSession: {},

  getRoot: { NO_AUTH: after((bed) => bed.setAcl("/", nobody), { id: "getRoot" }) },
  setRoot: {
    BAD_ARGUMENTS: at({ id: "setRoot", body: { data: "x".repeat(1_048_576) } }),
    NO_AUTH: after((bed) => bed.setAcl("/", readOnly), { id: "setRoot", body: { data: "x" } }),
    BAD_VERSION: at({ id: "setRoot", body: { data: "x", version: 7 } }),
    INVALID_ACL: at({ id: "setRoot", query: { view: "acl" }, body: { acl: [] } }),
    QUOTA_EXCEEDED: whereFull({ id: "setRoot", query: { view: "acl" }, body: { acl: fresh } }),
  },
  createZnode: {
    BAD_ARGUMENTS: at({ id: "createZnode", params: badPath }),
    NO_NODE: at({ id: "createZnode", params: below }),
    NO_AUTH: after((bed) => bed.create("/a", { acl: readOnly }), { id: "createZnode", params: below }),
    NODE_EXISTS: after((bed) => bed.create("/a"), { id: "createZnode", params: a }),
    NO_CHILDREN_FOR_EPHEMERALS: underSession({ id: "createZnode", params: below }, (bed, headers) =>
      bed.create("/a", { mode: "ephemeral" }, headers),
    ),
    INVALID_ACL: at({
      id: "createZnode",
      params: a,
      body: { acl: [{ permissions: ["read"], scheme: "world", id: "someone" }] },
    }),
    QUOTA_EXCEEDED: whereFull({ id: "createZnode", params: { path: "new" }, body: { mode: "ephemeral" } }),
  },
  getZnode: {
    BAD_ARGUMENTS: at({ id: "getZnode", params: badPath }),
    NO_NODE: at({ id: "getZnode", params: gone }),
    NO_AUTH: after((bed) => bed.create("/a", { acl: nobody }), { id: "getZnode", params: a }),
  },
  setZnode: {
    BAD_ARGUMENTS: at({ id: "setZnode", params: badPath, body: { data: null } }),
    NO_NODE: at({ id: "setZnode", params: gone, body: { data: null } }),
    NO_AUTH: after((bed) => bed.create("/a", { acl: readOnly }), { id: "setZnode", params: a, body: { data: null } }),
    BAD_VERSION: after((bed) => bed.create("/a"), { id: "setZnode", params: a, body: { data: null, version: 1 } }),
    INVALID_ACL: after((bed) => bed.create("/a"), {
      id: "setZnode",
      params: a,
      query: { view: "acl" },
      body: { acl: [{ permissions: ["read"], scheme: "carrier-pigeon", id: "x" }] },
    }),
    QUOTA_EXCEEDED: whereFull({ id: "setZnode", params: a, query: { view: "acl" }, body: { acl: fresh } }),
  },
  deleteZnode: {
    BAD_ARGUMENTS: at({ id: "deleteZnode", params: { path: "zookeeper" } }),
    NO_NODE: at({ id: "deleteZnode", params: gone }),
    NO_AUTH: after(
      async (bed) => {
        await bed.create("/a");
        await bed.create("/a/b");
        await bed.setAcl("/a", readOnly);
      },
      { id: "deleteZnode", params: below },
    ),
    BAD_VERSION: after((bed) => bed.create("/a"), { id: "deleteZnode", params: a, query: { version: 1 } }),
    NOT_EMPTY: after(
      async (bed) => {
        await bed.create("/a");
        await bed.create("/a/b");
      },
      { id: "deleteZnode", params: a },
    ),
  },
  multi: {
    BAD_ARGUMENTS: at({ id: "multi", body: { ops: [{ type: "check", path: "a" }] } }),
    ...multiCases({ id: "multi" }),
  },
  multiBelow: {
    BAD_ARGUMENTS: at({ id: "multiBelow", params: a, body: { ops: [{ type: "check", path: "/b" }] } }),
    ...multiCases({ id: "multiBelow", params: a }),
  },
  multiRead: {
    BAD_ARGUMENTS: after((bed) => bed.create("/a", { data: "x".repeat(bigDataBytes) }), {
      id: "multiRead",
      body: { ops: Array.from({ length: 3 }, () => ({ type: "getData", path: "/a" })) },
    }),
  },
  multiReadBelow: {
    BAD_ARGUMENTS: at({ id: "multiReadBelow", params: a, body: { ops: [{ type: "getData", path: "/ab" }] } }),
  },
  getChanges: {
    BAD_ARGUMENTS: at({ id: "getChanges", query: { since: 0, path: "a" } }),
    OFFSET_OUT_OF_RANGE: at({ id: "getChanges", query: { since: 1_000_000 } }),
  },
  getChangesBelow: {
    BAD_ARGUMENTS: at({ id: "getChangesBelow", params: badPath, query: { since: 0 } }),
    OFFSET_OUT_OF_RANGE: at({ id: "getChangesBelow", params: a, query: { since: 1_000_000 } }),
  },
  subscribeToRoot: {
    NO_AUTH: subscribing({ id: "subscribeToRoot" }, (bed) => bed.setAcl("/", nobody)),
    UNKNOWN_CONNECTION: at({ id: "subscribeToRoot", body: { connectionId: "gone" } }),
    QUOTA_EXCEEDED: subscribedOut({ id: "subscribeToRoot" }),
  },
  subscribeToZnode: {
    BAD_ARGUMENTS: subscribing({ id: "subscribeToZnode", params: badPath }),
    NO_AUTH: subscribing({ id: "subscribeToZnode", params: a }, (bed) => bed.create("/a", { acl: nobody })),
    UNKNOWN_CONNECTION: async ({ bed }) => {
      const connectionId = await bed.openConnection("somebody else");
      return bed.send({ id: "subscribeToZnode", params: a, body: { connectionId } });
    },
    QUOTA_EXCEEDED: subscribedOut({ id: "subscribeToZnode", params: a }),
  },
  whoAmI: {},

  campaign: {
    BAD_ARGUMENTS: at({ id: "campaign", params: election }),
    NO_NODE: givenUp({ id: "campaign", params: election }, { id: "resign", params: election }),
    NO_AUTH: underSession({ id: "campaign", params: election }, (bed) => bed.create("/elections", { acl: readOnly })),
    NO_CHILDREN_FOR_EPHEMERALS: underSession({ id: "campaign", params: election }, (bed, headers) =>
      bed.create("/elections", { mode: "ephemeral" }, headers),
    ),
    QUOTA_EXCEEDED: whereFull({ id: "campaign", params: election }),
  },
  resign: {
    BAD_ARGUMENTS: at({ id: "resign", params: election }),
    NO_NODE: underSession({ id: "resign", params: election }),
    NO_AUTH: underSession({ id: "resign", params: election }, async (bed, headers) => {
      await campaign(bed, headers);
      await bed.setAcl("/elections/e", readOnly);
    }),
  },
  proclaim: {
    BAD_ARGUMENTS: underSession({ id: "proclaim", params: { election: ".." }, body: { data: null } }),
    NO_NODE: underSession({ id: "proclaim", params: election, body: { data: null } }),
    NO_AUTH: underSession({ id: "proclaim", params: election, body: { data: null } }, async (bed, headers) => {
      const { candidate } = (await campaign(bed, headers)) as { readonly candidate: string };
      await bed.setAcl(candidate, readOnly);
    }),
    FENCED: underSession({ id: "proclaim", params: election, body: { data: null } }, async (bed, headers) => {
      await campaign(bed, under(await bed.openSession()));
      await campaign(bed, headers);
    }),
  },
  describeElection: {
    BAD_ARGUMENTS: at({ id: "describeElection", params: { election: "a%20b" } }),
    NO_AUTH: underSession({ id: "describeElection", params: election }, async (bed, headers) => {
      await campaign(bed, headers);
      await bed.setAcl("/elections/e", nobody);
    }),
  },
  observeElection: {
    BAD_ARGUMENTS: at({ id: "observeElection", params: election, query: { since: "yesterday" } }),
    NO_AUTH: underSession({ id: "observeElection", params: election }, async (bed, headers) => {
      await campaign(bed, headers);
      await bed.setAcl("/elections/e", nobody);
    }),
  },
  acquireLock: {
    BAD_ARGUMENTS: at({ id: "acquireLock", params: lock }),
    NO_NODE: givenUp({ id: "acquireLock", params: lock }, { id: "releaseLock", params: lock }),
    NO_AUTH: underSession({ id: "acquireLock", params: lock }, (bed) => bed.create("/locks", { acl: readOnly })),
    NO_CHILDREN_FOR_EPHEMERALS: underSession({ id: "acquireLock", params: lock }, (bed, headers) =>
      bed.create("/locks", { mode: "ephemeral" }, headers),
    ),
    QUOTA_EXCEEDED: whereFull({ id: "acquireLock", params: lock }),
  },
  releaseLock: {
    BAD_ARGUMENTS: underSession({ id: "releaseLock", params: lock, body: { contenderId: "a b" } }),
    NO_NODE: underSession({ id: "releaseLock", params: lock }),
    NO_AUTH: underSession({ id: "releaseLock", params: lock }, async (bed, headers) => {
      await acquire(bed, headers);
      await bed.setAcl("/locks/l", readOnly);
    }),
  },
  describeLock: {
    BAD_ARGUMENTS: at({ id: "describeLock", params: { lock: "a%2Fb" } }),
    NO_AUTH: underSession({ id: "describeLock", params: lock }, async (bed, headers) => {
      await acquire(bed, headers);
      await bed.setAcl("/locks/l", nobody);
    }),
  },
};
