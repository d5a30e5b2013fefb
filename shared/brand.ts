/** Numbers that must not be mixed up. Each brand has one constructor, which checks. */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Position of a record in a partition; 0 .. 2^53-1. */
export type Offset = Branded<number, "Offset">;
/** Position of a transaction in a znode tree; 0 .. 2^53-1. */
export type Zxid = Branded<number, "Zxid">;
/** A producer's id; 0 .. 2^63-1, a string on the wire of the HTTP API. */
export type ProducerId = Branded<bigint, "ProducerId">;

function checkPosition(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} out of range: ${value}`);
}

/** @throws RangeError if `value` is not a whole number from 0 to 2^53-1 */
export function offset(value: number): Offset {
  checkPosition(value, "offset");
  return value as Offset;
}

/** @throws RangeError if `value` is not a whole number from 0 to 2^53-1 */
export function zxid(value: number): Zxid {
  checkPosition(value, "zxid");
  return value as Zxid;
}

/** @throws RangeError if `value` is not from 0 to 2^63-1 */
export function producerId(value: bigint): ProducerId {
  if (value < 0n || value > 0x7fff_ffff_ffff_ffffn) throw new RangeError(`producerId out of range: ${value}`);
  return value as ProducerId;
}
