/** Records as callers of the services give and get them. */
export interface RecordHeader {
  readonly key: string;
  readonly value: Uint8Array | null;
}

export interface ProduceRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  /** Chosen by the caller; else by murmur2 of the key, else sticky. */
  readonly partition?: number;
  /** Ms since the epoch; else the server's clock. */
  readonly timestamp?: number;
}

export interface FetchedRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
}
