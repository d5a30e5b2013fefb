/** Immutable objects. Keys are unique and never written twice; what references a blob decides, never the blob itself. */
export interface BlobRange {
  /** First byte. */
  readonly start: number;
  /** One past the last byte; reading past the end of the blob gives what there is. */
  readonly end: number;
}

export interface BlobInfo {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAtMs: number;
}

export interface BlobPage {
  /** Ascending by key. */
  readonly blobs: readonly BlobInfo[];
  /** Key to go on after; absent at the end. */
  readonly next?: string;
}

/**
 * Storage for blobs; read-after-write consistent, durable before `put` answers.
 *
 * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError
 */
export interface BlobStore {
  /** Stores the chunks one after the other as one blob. One request. */
  put(key: string, chunks: readonly Uint8Array[]): Promise<void>;
  /** The bytes, in a buffer that the caller may change, or undefined if there is no such blob. One request. */
  get(key: string, range?: BlobRange): Promise<Uint8Array | undefined>;
  /** Deleting what does not exist succeeds. At most 1,000 keys a call. */
  delete(keys: readonly string[]): Promise<void>;
  list(prefix: string, options: { readonly after?: string; readonly limit: number }): Promise<BlobPage>;
}
