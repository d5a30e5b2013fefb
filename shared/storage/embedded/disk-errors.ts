import { statfs } from "node:fs/promises";
import { StorageCorruptError, StorageTimeoutError, StorageUnavailableError } from "../errors.ts";

/** LMDB's MDB_CORRUPTED, MDB_PAGE_NOTFOUND and MDB_INVALID. */
const corruptCodes: readonly unknown[] = [-30796, -30797, -30793];
/** ENOSPC and EDQUOT, and LMDB's MDB_MAP_FULL. */
const fullCodes: readonly unknown[] = ["ENOSPC", "EDQUOT", 28, 122, -30792];
/** Below it a disk counts as full: LMDB reports a write that was cut short as EIO. */
const freeBytesMin = 1_048_576;

/** The port's error for a read that failed, or for a write that surely did nothing. */
export function diskFailure(what: string, cause: unknown): Error {
  if (corruptCodes.includes(codeOf(cause))) return new StorageCorruptError(`${what}: the file is damaged`, { cause });
  const full = fullCodes.includes(codeOf(cause));
  return new StorageUnavailableError(full ? `${what}: the disk is full` : `${what} failed`, { cause });
}

/**
 * The port's error for a commit that failed. On a full disk LMDB cannot write its pages and leaves the old state; what
 * else goes wrong may have done so after the write.
 */
export async function commitFailure(folder: string, bytes: number, cause: unknown): Promise<Error> {
  const reason = await commitErrorOf(cause);
  if (await isFull(folder, bytes, reason)) return fullDisk(folder, reason);
  return new StorageTimeoutError(`a commit to ${folder} failed, and may have happened`, { cause: reason });
}

/** The port's error for what had to be done before a commit, and failed: the commit has surely not happened. */
export async function preparationFailure(folder: string, what: string, cause: unknown): Promise<Error> {
  const reason = await commitErrorOf(cause);
  if (reason instanceof StorageCorruptError) return reason;
  return (await isFull(folder, 0, reason)) ? fullDisk(folder, reason) : diskFailure(`${folder}: ${what}`, reason);
}

async function isFull(folder: string, bytes: number, reason: unknown): Promise<boolean> {
  return fullCodes.includes(codeOf(reason)) || (await freeBytes(folder)) < bytes + freeBytesMin;
}

function fullDisk(folder: string, cause: unknown): StorageUnavailableError {
  return new StorageUnavailableError(`the disk with ${folder} is full`, { cause });
}

/** The code of an error of the operating system (`ENOENT`) or of LMDB (a number). */
export function codeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

/** lmdb rejects with an error that carries the promise of another one. */
async function commitErrorOf(cause: unknown): Promise<unknown> {
  if (!(cause instanceof Error) || !("commitError" in cause)) return cause;
  try {
    await cause.commitError;
  } catch (reason) {
    return reason;
  }
  return cause;
}

async function freeBytes(folder: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    // Not known: then nothing is claimed about the commit.
    return Number.POSITIVE_INFINITY;
  }
}
