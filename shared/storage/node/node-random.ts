import { randomFillSync } from "node:crypto";
import type { Random } from "../environment.ts";

const uint32Bytes = 4;
const idBytes = 16;
/** Asking for many bytes costs as much as for a few. */
const pool = Buffer.allocUnsafeSlow(256 * idBytes);
let used = pool.length;

/** Where `length` bytes of the pool begin that nobody has had. */
function take(length: number): number {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += length;
  return used - length;
}

/** The operating system's random numbers. */
export const nodeRandom: Random = {
  uint32: () => pool.readUInt32BE(take(uint32Bytes)),
  id: () => {
    const at = take(idBytes);
    return pool.toString("base64url", at, at + idBytes);
  },
};
