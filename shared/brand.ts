/** Numbers that must not be mixed up. Each brand has one constructor, which checks. */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Position of a transaction in a znode tree; 0 .. 2^53-1. */
export type Zxid = Branded<number, "Zxid">;
function checkPosition(value: number, name: string): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${name} out of range: ${value}`);
}

/** @throws RangeError if `value` is not a whole number from 0 to 2^53-1 */
export function zxid(value: number): Zxid {
  checkPosition(value, "zxid");
  return value as Zxid;
}
