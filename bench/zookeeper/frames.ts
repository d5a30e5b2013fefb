/** Requests of ZooKeeper's protocol as whole frames, made once and sent many times with another xid and another number. */
import { JuteWriter } from "../../test/peers/zookeeper/jute.ts";

const opCodes = { create: 1, getData: 4, setData: 5, closeSession: -11 } as const;
/** Permissions of everyone: all. */
const open = { permissions: 31, scheme: "world", id: "anyone" } as const;
const [lengthBytes, xidAt, numberDigits] = [4, 4, 8];

/** A frame whose path ends in a number of fixed width. */
export class NumberedFrame {
  readonly bytes: Buffer;
  readonly #numberAt: number;

  /** @param pathAt where the path's characters begin */
  constructor(bytes: Buffer, pathAt: number, pathLength: number) {
    this.bytes = bytes;
    this.#numberAt = pathAt + pathLength - numberDigits;
  }

  /** The frame's own bytes, changed: what was given before must have been sent. */
  of(xid: number, number: number): Buffer {
    this.bytes.writeInt32BE(xid, xidAt);
    let rest = number;
    for (let at = this.#numberAt + numberDigits - 1; at >= this.#numberAt; at -= 1) {
      this.bytes[at] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    return this.bytes;
  }
}

/** The last part of each path: the number, in digits. */
const numberZero = "0".repeat(numberDigits);

export function connectFrame(timeoutMs: number): Buffer {
  return new JuteWriter().int(0).long(0n).int(timeoutMs).long(0n).buffer(new Uint8Array(16)).bool(false).packet();
}

export function closeFrame(xid: number): Buffer {
  return new JuteWriter().int(xid).int(opCodes.closeSession).packet();
}

export function createFrame(xid: number, path: string, data: Uint8Array): Buffer {
  return new JuteWriter()
    .int(xid)
    .int(opCodes.create)
    .string(path)
    .buffer(data)
    .vector([open], (out, { permissions, scheme, id }) => out.int(permissions).string(scheme).string(id))
    .int(0)
    .packet();
}

/** @param folder whose znodes have numbers for names */
export function numberedCreate(folder: string, data: Uint8Array): NumberedFrame {
  const path = `${folder}/${numberZero}`;
  return numbered(createFrame(0, path, data), path);
}

export function numberedGet(folder: string): NumberedFrame {
  const path = `${folder}/${numberZero}`;
  return numbered(new JuteWriter().int(0).int(opCodes.getData).string(path).bool(false).packet(), path);
}

export function numberedSet(folder: string, data: Uint8Array): NumberedFrame {
  const path = `${folder}/${numberZero}`;
  return numbered(new JuteWriter().int(0).int(opCodes.setData).string(path).buffer(data).int(-1).packet(), path);
}

/** In all of these the path follows the frame's length, the xid, the operation and the path's own length. */
function numbered(bytes: Buffer, path: string): NumberedFrame {
  return new NumberedFrame(bytes, 4 * lengthBytes, path.length);
}
