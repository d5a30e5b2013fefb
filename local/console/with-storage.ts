/** For commands that work on a store itself. */
import { resolve } from "node:path";
import { ServiceError } from "../../shared/api/errors.ts";
import { ArchiveError } from "../../shared/services/archive/archive-format.ts";
import {
  StorageCorruptError,
  StorageThrottledError,
  StorageTimeoutError,
  StorageUnavailableError,
} from "../../shared/storage/errors.ts";
import type { Storage } from "../../shared/storage/storage.ts";
import { CommandError } from "../command-error.ts";
import { openStorage, type StoreKind } from "../open-storage.ts";

/** @throws CommandError where the store cannot be opened */
export async function withStorage(
  kind: StoreKind,
  folder: string,
  use: (storage: Storage) => Promise<void>,
): Promise<void> {
  const opened = await openStorage(kind, resolve(folder));
  try {
    await use(opened.storage);
  } finally {
    await opened.close();
  }
}

/** @throws CommandError for failures that are of the archive, of the store, or of what was asked for */
export async function explained<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof Error && isExpected(cause)) throw new CommandError(cause.message, { cause });
    throw cause;
  }
}

function isExpected(error: Error): boolean {
  const isOfFile = "syscall" in error && "code" in error;
  return (
    isOfFile ||
    error instanceof ArchiveError ||
    error instanceof ServiceError ||
    error instanceof StorageCorruptError ||
    error instanceof StorageThrottledError ||
    error instanceof StorageTimeoutError ||
    error instanceof StorageUnavailableError
  );
}
