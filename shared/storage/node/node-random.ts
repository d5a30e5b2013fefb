import { randomBytes } from "node:crypto";
import type { Random } from "../environment.ts";

const uint32Bytes = 4;
const idBytes = 16;
/** Asking for many bytes costs as much as for a few. */
const poolBytes = 256 * idBytes;

let pool = Buffer.alloc(0);
let used = 0;

/** Where `length` bytes of the pool begin that nobody has had. */
function take(length: number): number {
  if (used + length > pool.length) {
    pool = randomBytes(poolBytes);
    used = 0;
  }
  used += length;
  return used - length;
}

/** The operating system's random numbers. */
export const nodeRandom: Random = {
  uint32: () => {
    const at = take(uint32Bytes);
    return pool.readUInt32BE(at);
  },
  id: () => {
    const at = take(idBytes);
    return pool.toString("base64url", at, at + idBytes);
  },
};
