/** Znodes, multi, changes: what ZooKeeper's clients ask for, over HTTP. */
import { operations } from "../../shared/api/operations/znodes.ts";
import type * as z from "zod";
import type { OperationId } from "../../shared/api/routes.ts";
import type { SubscribedAnswer } from "../../shared/api/schemas/push.ts";
import {
  type AclAnswer,
  type ChangesAnswer,
  type GetZnodeAnswer,
  type MultiAnswer,
  type MultiReadAnswer,
  type MultiBody,
  permissionNames,
  type setZnodeBody,
  type StatAnswer,
} from "../../shared/api/schemas/znodes.ts";
import { znodeBodyBytesMax } from "../../shared/limits.ts";
import { changesBytesMax } from "../../shared/limits/contention.ts";
import type { CallContext, MultiOperation, MultiResult, ReadResult } from "../../shared/services/coordination.ts";
import type { Services } from "../../shared/services/services.ts";
import type { AclList } from "../../shared/tree/acl.ts";
import type { Stat } from "../../shared/tree/stat.ts";
import { type AccessSettings, boundedWait, callContext, transportPrincipal } from "../http/caller.ts";
import { answerTooLarge, isTooLarge } from "../http/answer.ts";
import type { RoutedRequest } from "../http/event.ts";
import { invalidRequest } from "../http/invalid-request.ts";
import { decodedBytes, encodedBytes } from "../http/json-bytes.ts";
import { serving } from "../http/operation.ts";
import type { ApiRequest, ServedOperation } from "../http/operation.ts";
import { telling } from "../push/telling.ts";
import { checkReadsWithin, checkWritesWithin } from "../records/path-scope.ts";

const { jsonOperation } = serving(operations);

export function znodeOperations(
  services: Pick<Services, "znodes" | "changes" | "push">,
  access: AccessSettings,
): readonly ServedOperation[] {
  const { znodes, push } = services;
  const contextOf = ({ params, routed }: Pick<ApiRequest<OperationId>, "params" | "routed">): CallContext =>
    callContext(routed, (params as { readonly namespace: string }).namespace, access);
  return [
    jsonOperation("getRoot", (request) => get(services, contextOf(request), "/", request)),
    jsonOperation("getZnode", (request) => get(services, contextOf(request), `/${request.params.path}`, request)),
    jsonOperation("setRoot", (request) => set(services, contextOf(request), "/", request), znodeBodyBytesMax),
    jsonOperation(
      "setZnode",
      (request) => set(services, contextOf(request), `/${request.params.path}`, request),
      znodeBodyBytesMax,
    ),
    jsonOperation(
      "createZnode",
      async (request) => {
        const { params, body, idempotency } = request;
        const fields = createFieldsOf({ ...body, path: `/${params.path}` });
        const { path, stat, zxid } = await znodes.create(contextOf(request), { ...fields, ...idempotency });
        return { path, stat: statAnswer(stat), zxid };
      },
      znodeBodyBytesMax,
    ),
    jsonOperation("deleteZnode", async (request) => {
      const { params, query, idempotency } = request;
      const path = `/${params.path}`;
      const { zxid } = await znodes.delete(contextOf(request), { path, version: query.version, ...idempotency });
      return { zxid };
    }),
    jsonOperation("multi", (request) => multi(services, contextOf(request), request), znodeBodyBytesMax),
    jsonOperation(
      "multiBelow",
      (request) => {
        checkWritesWithin(request.params.path, request.body.ops);
        return multi(services, contextOf(request), request);
      },
      znodeBodyBytesMax,
    ),
    jsonOperation("multiRead", (request) => multiRead(services, contextOf(request), request.body)),
    jsonOperation("multiReadBelow", (request) => {
      checkReadsWithin(request.params.path, request.body.ops);
      return multiRead(services, contextOf(request), request.body);
    }),
    telling(
      access,
      jsonOperation("getChanges", (request) => getChanges(services, contextOf(request), request)),
    ),
    telling(
      access,
      jsonOperation("getChangesBelow", ({ params, query, routed }) => {
        const path = `/${params.path}`;
        return getChanges(services, contextOf({ params, routed }), { query: { path, ...query }, routed });
      }),
    ),
    jsonOperation("subscribeToRoot", (request) => subscribe(push, contextOf(request), "/", request)),
    jsonOperation("subscribeToZnode", (request) =>
      subscribe(push, contextOf(request), `/${request.params.path}`, request),
    ),
    jsonOperation("whoAmI", async (request) => ({
      identities: contextOf(request).identities.map((identity) => ({ ...identity })),
    })),
  ];
}

async function multi(
  { znodes }: Pick<Services, "znodes">,
  context: CallContext,
  { body, idempotency }: Pick<ApiRequest<"multi">, "body" | "idempotency">,
): Promise<MultiAnswer> {
  const operations = body.ops.map(multiOperationOf);
  const { results, zxid } = await znodes.multi(context, { operations, ...idempotency });
  return { results: results.map((result, index) => multiResultAnswer(result, operations[index])), zxid };
}

async function multiRead(
  { znodes }: Pick<Services, "znodes">,
  context: CallContext,
  { ops, minZxid }: ApiRequest<"multiRead">["body"],
): Promise<MultiReadAnswer> {
  const operations = ops.map(({ type, path }) => ({ kind: type, path }));
  const { results, zxid } = await znodes.multiRead(context, operations, readOptions(minZxid));
  return { results: results.map(readResultAnswer), zxid };
}

async function getChanges(
  { changes }: Pick<Services, "changes">,
  context: CallContext,
  { query: { waitMs, since, skip, ...query }, routed }: Pick<ApiRequest<"getChanges">, "query" | "routed">,
): Promise<ChangesAnswer> {
  const { events, ...next } = await changes.changes(context, {
    ...query,
    ...(since === undefined ? {} : { since }),
    ...(skip === undefined ? {} : { skip }),
    bytesMax: Math.min(changesBytesMax, routed.answerBytesMax),
    ...boundedWait(routed, waitMs),
  });
  return { events: events.map((event) => ({ ...event })), ...next };
}

async function subscribe(
  push: Services["push"],
  context: CallContext,
  path: string,
  { body, routed }: Pick<ApiRequest<"subscribeToZnode">, "body" | "routed">,
): Promise<SubscribedAnswer> {
  const { connectionId, recursive } = body;
  const owner = { connectionId, principal: transportPrincipal(routed.caller) };
  return { ...(await push.subscribeToPath(owner, context, { path, recursive })) };
}

async function get(
  { znodes }: Pick<Services, "znodes">,
  context: CallContext,
  path: string,
  { query, routed }: Pick<ApiRequest<"getZnode">, "query" | "routed">,
): Promise<GetZnodeAnswer> {
  const { view, minZxid, limit, nextToken } = query;
  const options = readOptions(minZxid);
  switch (view) {
    case "data": {
      const { data, stat, zxid } = await znodes.getData(context, path, options);
      return { path, data: encodedBytes(data), stat: statAnswer(stat), zxid };
    }
    case "stat": {
      const { stat, zxid } = await znodes.exists(context, path, options);
      return { path, stat: statAnswer(stat), zxid };
    }
    case "children": {
      const page = { limit, ...(nextToken === undefined ? {} : { nextToken }) };
      const { children, stat, ...rest } = await znodes.getChildren(context, path, page, options);
      return fittingChildren({ path, children: [...children], stat: statAnswer(stat), ...rest }, routed);
    }
    case "acl": {
      const { acl, stat, zxid } = await znodes.getAcl(context, path, options);
      return { path, acl: aclAnswer(acl), stat: statAnswer(stat), zxid };
    }
    case "count": {
      const { count, zxid } = await znodes.countDescendants(context, path, options);
      return { path, count, zxid };
    }
  }
}

/** As many children as fit: names may have thousands of characters each. @throws ServiceError MESSAGE_TOO_LARGE */
function fittingChildren(
  answer: GetZnodeAnswer & { readonly children: string[] },
  { answerBytesMax }: RoutedRequest,
): GetZnodeAnswer {
  let fitting = answer;
  while (isTooLarge(JSON.stringify(fitting), answerBytesMax)) {
    const children = fitting.children.slice(0, Math.floor(fitting.children.length / 2));
    const last = children.at(-1);
    if (last === undefined) throw answerTooLarge(answerBytesMax);
    fitting = { ...fitting, children, nextToken: last };
  }
  return fitting;
}

interface SetRequest {
  readonly query: { readonly view: "data" | "acl" };
  readonly body: z.output<typeof setZnodeBody>;
  readonly idempotency: { readonly idempotencyKey?: string };
}

async function set(
  { znodes }: Pick<Services, "znodes">,
  context: CallContext,
  path: string,
  { query, body, idempotency }: SetRequest,
): Promise<{ path: string; stat: StatAnswer; zxid: number }> {
  const { data, acl, version } = body;
  if (query.view === "acl") {
    if (acl === undefined) throw invalidRequest("body", "acl", "is missing");
    if (data !== undefined) throw invalidRequest("body", "data", "is not known with view=acl");
    const written = await znodes.setAcl(context, { path, acl: aclOf(acl), version, ...idempotency });
    return { path, stat: statAnswer(written.stat), zxid: written.zxid };
  }
  if (data === undefined) throw invalidRequest("body", "data", "is missing; null stands for none");
  if (acl !== undefined) throw invalidRequest("body", "acl", "is not known without view=acl");
  const written = await znodes.setData(context, { path, data: decodedBytes(data), version, ...idempotency });
  return { path, stat: statAnswer(written.stat), zxid: written.zxid };
}

type MultiOp = MultiBody["ops"][number];

function multiOperationOf(op: MultiOp): MultiOperation {
  switch (op.type) {
    case "create":
      return { kind: "create", ...createFieldsOf(op) };
    case "setData":
      return { kind: "setData", path: op.path, data: decodedBytes(op.data), version: op.version };
    case "delete":
    case "check":
      return { kind: op.type, path: op.path, version: op.version };
    case "fence":
      return { kind: "fence", path: op.path, czxid: op.fencingToken };
  }
}

type CreateOp = Omit<Extract<MultiOp, { type: "create" }>, "type">;

function createFieldsOf({ path, data = null, mode, acl, ttlMs }: CreateOp) {
  return {
    path,
    data: decodedBytes(data),
    mode,
    ...(acl === undefined ? {} : { acl: aclOf(acl) }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

function multiResultAnswer(result: MultiResult, operation: MultiOperation | undefined): MultiAnswer["results"][number] {
  return {
    type: operation?.kind ?? result.kind,
    ...("path" in result ? { path: result.path } : {}),
    ...("stat" in result ? { stat: statAnswer(result.stat) } : {}),
  };
}

function readResultAnswer(result: ReadResult): MultiReadAnswer["results"][number] {
  switch (result.kind) {
    case "getData":
      return { type: "getData", data: encodedBytes(result.data), stat: statAnswer(result.stat) };
    case "getChildren":
      return { type: "getChildren", children: [...result.children], stat: statAnswer(result.stat) };
    case "error":
      return { type: "error", error: result.error, message: result.message };
  }
}

function readOptions(minZxid: number | undefined): { readonly minZxid?: number } {
  return minZxid === undefined ? {} : { minZxid };
}

function statAnswer(stat: Stat): StatAnswer {
  return { ...stat, ephemeralOwner: stat.ephemeralOwner.toString() };
}

/** ZooKeeper's bits are the powers of two, in the order of the names. */
function aclOf(acl: AclAnswer): AclList {
  return acl.map(({ permissions, scheme, id }) => ({
    permissions: permissions.reduce((bits, name) => bits | (1 << permissionNames.indexOf(name)), 0),
    scheme,
    id,
  }));
}

function aclAnswer(acl: AclList): AclAnswer {
  return acl.map(({ permissions, scheme, id }) => ({
    permissions: permissionNames.filter((_, bit) => (permissions & (1 << bit)) !== 0),
    scheme,
    id,
  }));
}
