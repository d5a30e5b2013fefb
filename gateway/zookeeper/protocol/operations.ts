/** ZooKeeper's operations (`ZooDefs.OpCode`): what a request of each looks like, and what its answer does. */
import { multiReadRequest, multiRequest, multiResponse } from "./multi.ts";
import {
  aclResponse,
  addWatchRequest,
  anyPathRequest,
  anyPathResponse,
  authRequest,
  children2Response,
  childrenResponse,
  create2Response,
  createRequest,
  createTtlRequest,
  dataResponse,
  ephemeralsResponse,
  errorResponse,
  nothing,
  pathRequest,
  pathResponse,
  pathVersionRequest,
  reconfigRequest,
  saslRequest,
  setAclRequest,
  setDataRequest,
  setWatches2Request,
  setWatchesRequest,
  statResponse,
  totalResponse,
  watchedPathRequest,
  watchesRequest,
  whoAmIResponse,
} from "./records.ts";
import type { Field, ValueOf } from "./schema.ts";

interface OperationTable<Request, Response> {
  readonly code: number;
  readonly request: Field<Request>;
  readonly response: Field<Response>;
}

function operation<Request, Response>(
  code: number,
  request: Field<Request>,
  response: Field<Response>,
): OperationTable<Request, Response> {
  return { code, request, response };
}

export const operations = {
  create: operation(1, createRequest, pathResponse),
  delete: operation(2, pathVersionRequest, nothing),
  exists: operation(3, watchedPathRequest, statResponse),
  getData: operation(4, watchedPathRequest, dataResponse),
  setData: operation(5, setDataRequest, statResponse),
  getACL: operation(6, pathRequest, aclResponse),
  setACL: operation(7, setAclRequest, statResponse),
  getChildren: operation(8, watchedPathRequest, childrenResponse),
  sync: operation(9, anyPathRequest, anyPathResponse),
  ping: operation(11, nothing, nothing),
  getChildren2: operation(12, watchedPathRequest, children2Response),
  check: operation(13, pathVersionRequest, nothing),
  multi: operation(14, multiRequest, multiResponse),
  create2: operation(15, createRequest, create2Response),
  reconfig: operation(16, reconfigRequest, dataResponse),
  checkWatches: operation(17, watchesRequest, nothing),
  removeWatches: operation(18, watchesRequest, nothing),
  createContainer: operation(19, createRequest, create2Response),
  createTTL: operation(21, createTtlRequest, create2Response),
  multiRead: operation(22, multiReadRequest, multiResponse),
  auth: operation(100, authRequest, nothing),
  setWatches: operation(101, setWatchesRequest, nothing),
  sasl: operation(102, saslRequest, saslRequest),
  getEphemerals: operation(103, anyPathRequest, ephemeralsResponse),
  getAllChildrenNumber: operation(104, pathRequest, totalResponse),
  setWatches2: operation(105, setWatches2Request, nothing),
  addWatch: operation(106, addWatchRequest, errorResponse),
  whoAmI: operation(107, nothing, whoAmIResponse),
  closeSession: operation(-11, nothing, nothing),
} as const;

export type OperationName = keyof typeof operations;
export type RequestOf<Name extends OperationName> = ValueOf<(typeof operations)[Name]["request"]>;

/** A request as it came, by the name of its operation. */
export type Request = {
  [Name in OperationName]: { readonly kind: Name; readonly body: RequestOf<Name> };
}[OperationName];

const names = new Map((Object.keys(operations) as OperationName[]).map((name) => [operations[name].code, name]));

export function operationNameOf(code: number): OperationName | undefined {
  return names.get(code);
}

/** Xids that stand for no request of their own. */
export const specialXid = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;
