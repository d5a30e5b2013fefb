/** What a store may throw, as the caller of a change is told: a change without an answer may have been made. */
import { ServiceError } from "../api/errors.ts";
import { StorageThrottledError, StorageTimeoutError, StorageUnavailableError } from "../storage/errors.ts";
import { withStorageErrors } from "./storage-errors.ts";

/**
 * For a change that is one request, or that stops where it cannot go on.
 *
 * @throws ServiceError REQUEST_TIMED_OUT (effect unknown) | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED
 */
export async function withChangeErrors<Result>(run: () => Promise<Result>): Promise<Result> {
  return await withStorageErrors(async () => {
    try {
      return await run();
    } catch (cause) {
      throw cause instanceof StorageTimeoutError ? unclearChange(cause) : cause;
    }
  });
}

/**
 * For what is left to do when the change is decided: if the store fails, the caller is not to take it for undone.
 *
 * @throws ServiceError REQUEST_TIMED_OUT (effect unknown)
 */
export async function afterChange<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    throw isStorageFailure(cause) ? unclearChange(cause) : cause;
  }
}

/** True for what a store may throw although nothing is wrong with the request. */
export function isStorageFailure(cause: unknown): boolean {
  return (
    cause instanceof StorageTimeoutError ||
    cause instanceof StorageThrottledError ||
    cause instanceof StorageUnavailableError
  );
}

function unclearChange(cause: unknown): ServiceError {
  const message = "The change may have been made, or may still be; send the request again to be sure";
  return new ServiceError("REQUEST_TIMED_OUT", message, { effect: "unknown", cause });
}
