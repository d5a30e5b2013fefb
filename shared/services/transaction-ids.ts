/** Which ids transactions have: those that producers choose, and those of writes in one call. */
import { ServiceError } from "../api/errors.ts";
import { idempotencyKeyCharsMax } from "../limits.ts";
import { transactionalIdCharsMax } from "../limits/transactions.ts";
import type { Random } from "../storage/environment.ts";

/** No id that a producer chooses begins with it; by UTF-8 it comes before all of them. */
const atomicMark = "\u0001";
const keyedMark = `${atomicMark}k:`;
const randomMark = `${atomicMark}r:`;

/** Where the ids that producers choose begin in a list. */
export const afterAtomicIds = "\u0002";

const printable = /^\P{Cc}+$/u;

/** @throws ServiceError BAD_ARGUMENTS */
export function checkTransactionalId(transactionalId: string): void {
  if (isText(transactionalId, transactionalIdCharsMax)) return;
  throw new ServiceError(
    "BAD_ARGUMENTS",
    "A transactional id has 1 to 249 characters, none of them a control character",
    {
      details: { charsMax: transactionalIdCharsMax },
    },
  );
}

/**
 * The id under which a write in one call is known.
 *
 * @throws ServiceError BAD_ARGUMENTS if the key is none
 */
export function atomicId(idempotencyKey: string | undefined, random: Random): string {
  if (idempotencyKey === undefined) return randomMark + random.id();
  if (isText(idempotencyKey, idempotencyKeyCharsMax)) return keyedMark + idempotencyKey;
  throw new ServiceError(
    "BAD_ARGUMENTS",
    "An Idempotency-Key has 1 to 128 characters, none of them a control character",
    {
      details: { charsMax: idempotencyKeyCharsMax },
    },
  );
}

export function isAtomicId(transactionalId: string): boolean {
  return transactionalId.startsWith(atomicMark);
}

function isText(text: string, charsMax: number): boolean {
  return text.length <= charsMax && printable.test(text) && text.isWellFormed();
}
