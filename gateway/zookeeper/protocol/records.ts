/** ZooKeeper's records (`zookeeper.jute`, 3.8), field by field. */
import type { Zxid } from "../../../shared/brand.ts";
import type { Stat } from "../../../shared/tree/stat.ts";
import {
  bool,
  buffer,
  type Field,
  int,
  long,
  nullableUstring,
  optional,
  record,
  safeLong,
  ustring,
  ustringOrEmpty,
  vector,
} from "./schema.ts";

/** As a znode has it: its zxids are those of a tree. */
const zxidField = safeLong as Field<Zxid>;

const statRecord: Field<Stat> = record({
  czxid: zxidField,
  mzxid: zxidField,
  ctime: safeLong,
  mtime: safeLong,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: zxidField,
});

/** `{perms, {scheme, id}}`. */
const aclRecord = record({ permissions: int, scheme: ustring, id: ustringOrEmpty });

// ---- Frames ----

export const connectRequest = record({
  protocolVersion: int,
  lastZxidSeen: safeLong,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  /** Absent for clients before 3.4. */
  readOnly: optional(bool),
});
export const connectResponse = record({
  protocolVersion: int,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  readOnly: optional(bool),
});
export const requestHeader = record({ xid: int, type: int });
export const replyHeader = record({ xid: int, zxid: safeLong, err: int });
export const watcherEvent = record({ type: int, state: int, path: ustring });
export const multiHeader = record({ type: int, done: bool, err: int });
export const errorResponse = record({ err: int });

/** Of an operation without a body. */
export const nothing = record({});

// ---- Requests ----

export const pathRequest = record({ path: ustring });
/** Of operations that take a path for what it is, or none. */
export const anyPathRequest = record({ path: nullableUstring });
export const watchedPathRequest = record({ path: ustring, watch: bool });
export const pathVersionRequest = record({ path: ustring, version: int });
export const createRequest = record({ path: ustring, data: buffer, acl: vector(aclRecord), flags: int });
export const createTtlRequest = record({
  path: ustring,
  data: buffer,
  acl: vector(aclRecord),
  flags: int,
  ttl: safeLong,
});
export const setDataRequest = record({ path: ustring, data: buffer, version: int });
export const setAclRequest = record({ path: ustring, acl: vector(aclRecord), version: int });
export const reconfigRequest = record({
  joiningServers: nullableUstring,
  leavingServers: nullableUstring,
  newMembers: nullableUstring,
  curConfigId: long,
});
export const authRequest = record({ type: int, scheme: ustring, auth: buffer });
export const addWatchRequest = record({ path: ustring, mode: int });
export const watchesRequest = record({ path: ustring, type: int });
export const setWatchesRequest = record({
  relativeZxid: safeLong,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
});
export const setWatches2Request = record({
  relativeZxid: safeLong,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
  persistentWatches: vector(ustring),
  persistentRecursiveWatches: vector(ustring),
});
export const saslRequest = record({ token: buffer });

// ---- Responses ----

export const pathResponse = record({ path: ustring });
export const anyPathResponse = record({ path: nullableUstring });
export const create2Response = record({ path: ustring, stat: statRecord });
export const statResponse = record({ stat: statRecord });
export const dataResponse = record({ data: buffer, stat: statRecord });
export const childrenResponse = record({ children: vector(ustring) });
export const children2Response = record({ children: vector(ustring), stat: statRecord });
export const aclResponse = record({ acl: vector(aclRecord), stat: statRecord });
export const ephemeralsResponse = record({ ephemerals: vector(ustring) });
export const totalResponse = record({ totalNumber: int });
export const whoAmIResponse = record({ clientInfo: vector(record({ authScheme: ustring, user: ustring })) });
