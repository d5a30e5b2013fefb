/** The tables against records that ZooKeeper's own classes wrote (`test/peers/zookeeper-records.ts`). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JuteReader } from "../../../../gateway/zookeeper/protocol/jute-reader.ts";
import { JuteWriter } from "../../../../gateway/zookeeper/protocol/jute-writer.ts";
import { operations } from "../../../../gateway/zookeeper/protocol/operations.ts";
import {
  connectRequest,
  connectResponse,
  errorResponse,
  replyHeader,
  requestHeader,
  watcherEvent,
} from "../../../../gateway/zookeeper/protocol/records.ts";
import type { Field } from "../../../../gateway/zookeeper/protocol/schema.ts";
import { MalformedBytesError } from "../../../../shared/record/malformed-bytes-error.ts";

const file = join(import.meta.dirname, "..", "fixtures", "records.json");
const fixtures = JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, string>>;

const zxid = 0x1_0000_0007;
const path = "/a/é€";
const data = Buffer.of(1, 0, 255);
const acl = [
  { permissions: 31, scheme: "world", id: "anyone" },
  { permissions: 1, scheme: "digest", id: "ann:hash=" },
];
const stat = {
  czxid: 1,
  mzxid: zxid,
  ctime: 3,
  mtime: 1_795_299_301_739,
  version: 5,
  cversion: 6,
  aversion: 7,
  ephemeralOwner: 0x1000_4f51_0440_0004n,
  dataLength: 3,
  numChildren: 10,
  pzxid: zxid,
};
const passwd = Buffer.alloc(16, 9);
const watched = { relativeZxid: zxid, dataWatches: [path] };
const both = ["/", "/b"];

/** What each fixture says. */
const values: Readonly<Record<string, unknown>> = {
  connectRequest: { protocolVersion: 0, lastZxidSeen: zxid, timeOut: 30_000, sessionId: 77n, passwd },
  connectResponse: { protocolVersion: 0, timeOut: 30_000, sessionId: 77n, passwd },
  requestHeader: { xid: 5, type: -11 },
  replyHeader: { xid: -1, zxid, err: -101 },
  watcherEvent: { type: 4, state: 3, path },
  errorResponse: { err: -110 },
  "create.request": { path, data, acl, flags: 3 },
  "create.response": { path },
  "create2.request": { path, data: null, acl: [], flags: 0 },
  "create2.response": { path, stat },
  "createContainer.request": { path, data, acl, flags: 4 },
  "createTTL.request": { path, data, acl, flags: 5, ttl: 1_099_511_627_775 },
  "delete.request": { path, version: -1 },
  "setData.request": { path, data, version: 7 },
  "setData.response": { stat },
  "setACL.request": { path, acl, version: 2 },
  "setACL.response": { stat },
  "check.request": { path, version: 4 },
  "reconfig.request": { joiningServers: "server.1=a", leavingServers: null, newMembers: "", curConfigId: -1n },
  "reconfig.response": { data, stat },
  "auth.request": { type: 0, scheme: "digest", auth: data },
  "sasl.request": { token: data },
  "sasl.response": { token: null },
  "exists.request": { path, watch: true },
  "exists.response": { stat },
  "getData.request": { path, watch: false },
  "getData.response": { data: null, stat },
  "getACL.request": { path },
  "getACL.response": { acl, stat },
  "getChildren.request": { path, watch: true },
  "getChildren.response": { children: ["b", "é"] },
  "getChildren2.request": { path, watch: false },
  "getChildren2.response": { children: [], stat },
  "sync.request": { path },
  "sync.response": { path },
  "getEphemerals.request": { path },
  "getEphemerals.response": { ephemerals: [path, "/b"] },
  "getAllChildrenNumber.request": { path },
  "getAllChildrenNumber.response": { totalNumber: 12 },
  "whoAmI.response": {
    clientInfo: [
      { authScheme: "ip", user: "127.0.0.1" },
      { authScheme: "digest", user: "ann" },
    ],
  },
  "addWatch.request": { path, mode: 1 },
  "addWatch.response": { err: 0 },
  "checkWatches.request": { path, type: 2 },
  "removeWatches.request": { path, type: 3 },
  "setWatches.request": { ...watched, existWatches: [], childWatches: both },
  "setWatches2.request": {
    ...watched,
    existWatches: both,
    childWatches: [],
    persistentWatches: both,
    persistentRecursiveWatches: [path],
  },
  "multi.request": [
    { kind: "create", body: { path, data, acl, flags: 0 } },
    { kind: "createContainer", body: { path, data, acl, flags: 4 } },
    { kind: "createTTL", body: { path, data, acl, flags: 5, ttl: 9 } },
    { kind: "delete", body: { path, version: 1 } },
    { kind: "setData", body: { path, data: null, version: 2 } },
    { kind: "check", body: { path, version: 3 } },
  ],
  "multi.response": [
    { kind: "create", body: { path } },
    { kind: "create2", body: { path, stat } },
    { kind: "delete", body: {} },
    { kind: "setData", body: { stat } },
    { kind: "check", body: {} },
    { kind: "error", body: { err: -2 } },
  ],
  "multiRead.request": [
    { kind: "getData", body: { path, watch: false } },
    { kind: "getChildren", body: { path: "/", watch: false } },
  ],
  "multiRead.response": [
    { kind: "getData", body: { data, stat } },
    { kind: "getChildren", body: { children: ["b"] } },
    { kind: "error", body: { err: -101 } },
  ],
};

const frames = { connectRequest, connectResponse, requestHeader, replyHeader, watcherEvent, errorResponse };
const tables = new Map<string, Field<unknown>>(Object.entries(frames));
for (const [name, { request, response }] of Object.entries(operations)) {
  tables.set(`${name}.request`, request);
  tables.set(`${name}.response`, response);
}

function tableOf(name: string): Field<unknown> {
  const table = tables.get(name);
  if (table === undefined) throw new Error(`no table for ${name}`);
  return table;
}

function encode(name: string, value: unknown): Buffer {
  const to = new JuteWriter().begin();
  tableOf(name).write(to, value);
  return to.end().subarray(4);
}

function decode(name: string, bytes: Uint8Array): { readonly value: unknown; readonly left: number } {
  const from = new JuteReader(bytes);
  return { value: tableOf(name).read(from), left: from.left };
}

function bytesOf(name: string): Buffer {
  return Buffer.from(fixtures[name] ?? "", "hex");
}

test("each record of ZooKeeper's has a value here, and each table a record of ZooKeeper's, unless it is empty", () => {
  expect(Object.keys(values).toSorted()).toEqual(Object.keys(fixtures).toSorted());
  const withBytes = [...tables].filter(([, { bytesMin }]) => bytesMin > 0).map(([name]) => name);
  expect(withBytes.filter((name) => fixtures[name] === undefined)).toEqual(writtenAlike);
});

/** By the same class as `create2`'s. */
const writtenAlike = ["createContainer.response", "createTTL.response"];

describe.each(Object.keys(fixtures))("%s", (name) => {
  test("is read as ZooKeeper's class wrote it", () => {
    expect(decode(name, bytesOf(name))).toEqual({ value: values[name], left: 0 });
  });

  test("is written as ZooKeeper's class writes it", () => {
    expect(encode(name, values[name]).toString("hex")).toBe(fixtures[name]);
  });

  test("that ends too early, or has lengths that cannot be, is malformed and nothing else", () => {
    const bytes = bytesOf(name);
    for (let end = 0; end < bytes.length; end += 1) expectMalformed(name, bytes.subarray(0, end));
    for (let at = 0; at + 4 <= bytes.length; at += 1) {
      for (const length of [-2, -0x8000_0000, 0x7fff_ffff]) {
        const wild = Buffer.from(bytes);
        wild.writeInt32BE(length, at);
        expectMalformedOrRead(name, wild);
      }
    }
  });
});

test("whether a session may be read-only stands behind the connect records, where it stands at all", () => {
  for (const name of ["connectRequest", "connectResponse"]) {
    const bytes = Buffer.concat([bytesOf(name), Buffer.of(1)]);
    const value = { ...(values[name] as object), readOnly: true };
    expect(decode(name, bytes)).toEqual({ value, left: 0 });
    expect(encode(name, value)).toEqual(bytes);
  }
});

test("whatever is read from any bytes is written again as a record that is read as the same", () => {
  const names = [...tables.keys()];
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.constantFrom(...Object.keys(fixtures)), fc.nat(), fc.nat(255)).map(([name, at, byte]) => {
      const changed = bytesOf(name);
      changed[at % changed.length] = byte;
      return changed;
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...names), bytes, (name, some) => {
      const read = expectMalformedOrRead(name, some);
      if (read !== undefined) expect(decode(name, encode(name, read.value))).toEqual({ value: read.value, left: 0 });
    }),
    { numRuns: 3_000 },
  );
});

function expectMalformed(name: string, bytes: Uint8Array): void {
  expect(() => decode(name, bytes), `${name} of ${bytes.length} bytes`).toThrow(MalformedBytesError);
}

function expectMalformedOrRead(name: string, bytes: Uint8Array): ReturnType<typeof decode> | undefined {
  try {
    return decode(name, bytes);
  } catch (error) {
    if (error instanceof MalformedBytesError) return undefined;
    throw error;
  }
}
