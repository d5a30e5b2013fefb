/**
 * Who takes a znode away (`EphemeralType`): 0 for a persistent znode, a session's id, or a negative number
 * for what the service itself deletes one day.
 *
 *     container    -2^63
 *     TTL          0xff00 << 48 | ttl of 40 bits, as a signed number
 */
import { znodeTtlMsMax } from "../limits.ts";

export const persistentOwner = 0n;
export const containerOwner = -(2n ** 63n);
const ttlBase = BigInt.asIntN(64, 0xff00_0000_0000_0000n);

/** @param ttlMs 1 to 2^40-1 */
export function ttlOwner(ttlMs: number): bigint {
  return ttlBase + BigInt(ttlMs);
}

export function isEphemeral(owner: bigint): boolean {
  return owner > 0n;
}

/** The TTL in ms; undefined for a znode that has none. */
export function ttlMsOf(owner: bigint): number | undefined {
  if (owner < ttlBase || owner > ttlBase + BigInt(znodeTtlMsMax)) return undefined;
  return Number(owner - ttlBase);
}
