/** What a storage adapter may throw. Anything else that escapes an adapter is a bug. */

/** The request was sent and no answer came: it may have been applied, or may still be. */
export class StorageTimeoutError extends Error {
  override readonly name = "StorageTimeoutError";
}

/** The store refused the request because of load; it was not applied. */
export class StorageThrottledError extends Error {
  override readonly name = "StorageThrottledError";
}

/** The store could not serve the request; it was not applied. */
export class StorageUnavailableError extends Error {
  override readonly name = "StorageUnavailableError";
}

/** What is stored breaks an invariant or does not decode. */
export class StorageCorruptError extends Error {
  override readonly name = "StorageCorruptError";
}
