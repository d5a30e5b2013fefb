/** What a store has used of what its provider bills. */

/** Each kind by the unit in which AWS counts it. */
export const usageNames = [
  /** DynamoDB's write request units, those of failed conditions included. */
  "writeUnits",
  /** Those of failed conditions alone: what losing a race costs. */
  "failedWriteUnits",
  /** DynamoDB's read request units. */
  "readUnits",
  /** S3: PUT, POST, COPY and LIST. */
  "blobWrites",
  /** S3: GET and all others but DELETE, which is free. */
  "blobReads",
  "blobBytesWritten",
  "blobBytesRead",
  /** SQS: one for each 64 KB of a request. */
  "queueRequests",
] as const;

export type UsageName = (typeof usageNames)[number];

export type Usage = Readonly<Record<UsageName, number>>;

/** Takes what requests have used. */
export interface UsageRecorder {
  add(name: UsageName, by: number): void;
}

/** Adds up since the start or the last `reset`. */
export class UsageMeter implements UsageRecorder {
  #used: Record<UsageName, number> = nothingUsed();

  add(name: UsageName, by: number): void {
    this.#used[name] += by;
  }

  usage(): Usage {
    return { ...this.#used };
  }

  reset(): void {
    this.#used = nothingUsed();
  }
}

export function nothingUsed(): Record<UsageName, number> {
  return {
    writeUnits: 0,
    failedWriteUnits: 0,
    readUnits: 0,
    blobWrites: 0,
    blobReads: 0,
    blobBytesWritten: 0,
    blobBytesRead: 0,
    queueRequests: 0,
  };
}
