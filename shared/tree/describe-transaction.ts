/**
 * A transaction as a record of the topic `__znode_changes`: its key is the path, where it is one, its value JSON.
 *
 *     {"zxid":7,"time":1750000000000,"changes":[
 *       {"type":"create","path":"/a","data":"text" | {"base64":"…"} | null,"ephemeralOwner":"0"},
 *       {"type":"setData","path":"/a","data":…,"version":1}, {"type":"setACL","path":"/a","aversion":1},
 *       {"type":"delete","path":"/a"},
 *       {"type":"createSession","sessionId":"…","timeoutMs":10000}, {"type":"closeSession","sessionId":"…","deleted":["/b"]}]}
 *
 * What the reader may not READ is left out; the record stays, so that offsets are zxids.
 */
import type { Zxid } from "../brand.ts";
import { isEphemeral, persistentOwner } from "./owner.ts";
import type { Change, Transaction } from "./transaction.ts";

/** Whether znodes with that list may be read. */
export type MayRead = (aclIndex: number) => boolean;

type Json = Readonly<Record<string, unknown>>;

export function describeTransaction(
  { changes }: Transaction,
  zxid: Zxid,
  time: number,
  mayRead: MayRead,
): { readonly key: string | null; readonly value: string } {
  const described = changes.flatMap((change) => describeChange(change, mayRead));
  const paths = described.map(({ path }) => path);
  const [path] = paths;
  const key = paths.length === 1 && typeof path === "string" ? path : null;
  return { key, value: JSON.stringify({ zxid, time, changes: described }) };
}

function describeChange(change: Change, mayRead: MayRead): readonly Json[] {
  switch (change.kind) {
    case "create": {
      if (!mayRead(change.aclIndex)) return [];
      const owner = isEphemeral(change.owner) ? change.owner : persistentOwner;
      const { path, data } = change;
      return [{ type: "create", path, data: describeData(data), ephemeralOwner: owner.toString() }];
    }
    case "setData": {
      const { path, data, version } = change;
      return mayRead(change.aclIndex) ? [{ type: "setData", path, data: describeData(data), version }] : [];
    }
    case "setAcl":
      return mayRead(change.aclIndex) ? [{ type: "setACL", path: change.path, aversion: change.version }] : [];
    case "delete":
      return mayRead(change.aclIndex) ? [{ type: "delete", path: change.path }] : [];
    case "createSession":
      return [{ type: "createSession", sessionId: change.sessionId.toString(), timeoutMs: change.timeoutMs }];
    case "closeSession": {
      const deleted = change.removed.filter(({ aclIndex }) => mayRead(aclIndex)).map(({ path }) => path);
      return [{ type: "closeSession", sessionId: change.sessionId.toString(), deleted }];
    }
    case "genesis":
    case "check":
    case "addAcl":
    case "moveSession":
    case "closeTree":
    case "openTree":
      return [];
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Bytes of which text is made at once: as many as a call takes arguments. */
const binaryChunk = 8_192;

/** Text where the bytes are UTF-8 and do not grow by being escaped, else base64. */
function describeData(data: Uint8Array | null): unknown {
  if (data === null) return null;
  const text = textOf(data);
  return text === undefined ? { base64: base64Of(data) } : text;
}

function textOf(data: Uint8Array): string | undefined {
  // Control characters take six in JSON.
  if (data.some((byte) => byte < 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return undefined;
  try {
    return utf8.decode(data);
  } catch (cause) {
    if (cause instanceof TypeError) return undefined;
    throw cause;
  }
}

function base64Of(data: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < data.length; at += binaryChunk) {
    binary += String.fromCharCode(...data.subarray(at, at + binaryChunk));
  }
  return btoa(binary);
}
