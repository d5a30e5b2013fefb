/** What a store may throw, as callers of a service are told of a read or of a write without an unclear outcome. */
import { ServiceError } from "../api/errors.ts";
import { DecompressionError } from "../record/compression-type.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import {
  StorageCorruptError,
  StorageThrottledError,
  StorageTimeoutError,
  StorageUnavailableError,
} from "../storage/errors.ts";

/** @throws ServiceError KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED in place of a storage error; others pass */
export async function withStorageErrors<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (cause) {
    throw serviceErrorOf(cause) ?? cause;
  }
}

/** For what was not done because of `cause`, if it is known; a store that is overloaded is to be left alone for a while. */
export function unavailableError(cause: unknown): ServiceError {
  return serviceErrorOf(cause) ?? new ServiceError("KAFKA_STORAGE_ERROR", "The storage did not answer", { cause });
}

function serviceErrorOf(cause: unknown): ServiceError | undefined {
  if (cause instanceof StorageThrottledError) {
    return new ServiceError("THROTTLING_QUOTA_EXCEEDED", "The storage is overloaded", { cause });
  }
  if (cause instanceof StorageTimeoutError || cause instanceof StorageUnavailableError) {
    return new ServiceError("KAFKA_STORAGE_ERROR", "The storage did not answer", { cause });
  }
  const damaged =
    cause instanceof StorageCorruptError || cause instanceof MalformedBytesError || cause instanceof DecompressionError;
  return damaged ? new ServiceError("KAFKA_STORAGE_ERROR", "What is stored is damaged", { cause }) : undefined;
}
