/** Probabilities of what may go wrong, each drawn anew for each request. */
export interface Faults {
  /** Any request: refused because of load, not applied. */
  readonly throttled: number;
  /** Any request: refused, not applied. */
  readonly unavailable: number;
  /** Any request: lost on its way, never applied, answered by a time-out. */
  readonly timeoutBefore: number;
  /** A write: applied, and answered by a time-out. */
  readonly timeoutAfter: number;
  /** A write: answered by a time-out, and applied up to `lateApplyMsMax` after that. */
  readonly timeoutLate: number;
  /** A put of a log entry: applied, sent again unseen, answered as the second time: lost to itself. */
  readonly putRepeated: number;
  /** Any request: up to `slowMsMax` on its way. */
  readonly slow: number;
  /** A lost put: the store does not tell to which entry. */
  readonly existingUnknown: number;
  /** A range read: its end is read later than its start, so an entry may be missing before one that is there. */
  readonly tornRange: number;
  /** A range read: ends early, and says that there is more. */
  readonly shortRange: number;
  /** What expires is never dropped. */
  readonly expiryNever: number;
  /** A blob is not found, this once. */
  readonly blobMissing: number;
  /** A blob lacks its end, this once. */
  readonly blobTruncated: number;
  /** One bit of a blob is wrong, this once. */
  readonly blobFlipped: number;
  /** A hint does not reach one process. */
  readonly hintLost: number;
  /** A hint reaches one process twice. */
  readonly hintRepeated: number;
  /** A wake-up never comes. */
  readonly wakeLost: number;
  /** A wake-up comes twice. */
  readonly wakeRepeated: number;
}

export const noFaults: Faults = {
  throttled: 0,
  unavailable: 0,
  timeoutBefore: 0,
  timeoutAfter: 0,
  timeoutLate: 0,
  putRepeated: 0,
  slow: 0,
  existingUnknown: 0,
  tornRange: 0,
  shortRange: 0,
  expiryNever: 0,
  blobMissing: 0,
  blobTruncated: 0,
  blobFlipped: 0,
  hintLost: 0,
  hintRepeated: 0,
  wakeLost: 0,
  wakeRepeated: 0,
};

/** How long things take in virtual time; what has only a maximum is uniform from 0. */
export interface SimulatedDelays {
  /** One way of a request; the way back takes as long again. */
  readonly wayMsMin: number;
  readonly wayMsMax: number;
  /** One way of a slow request; an answer that would come after the time-out is one. */
  readonly slowMsMax: number;
  /** From the call to the time-out. */
  readonly timeoutMs: number;
  /** From the time-out to a late apply. */
  readonly lateApplyMsMax: number;
  /** From the start to the end of a torn range read. */
  readonly tornMsMax: number;
  /** From its expiry until the store drops something. */
  readonly expiryLateMsMax: number;
  readonly hintMsMax: number;
  /** How late a sleep ends. */
  readonly sleepLateMsMax: number;
  readonly wakeLateMsMax: number;
}

export const delaysDefault: SimulatedDelays = {
  wayMsMin: 1,
  wayMsMax: 5,
  slowMsMax: 400,
  timeoutMs: 1_000,
  lateApplyMsMax: 10_000,
  tornMsMax: 20,
  expiryLateMsMax: 48 * 3_600_000,
  hintMsMax: 10,
  sleepLateMsMax: 2,
  wakeLateMsMax: 1_000,
};

/** All at once: for storage that serves as plain memory. */
export const noDelays: SimulatedDelays = {
  ...delaysDefault,
  wayMsMin: 0,
  wayMsMax: 0,
  tornMsMax: 0,
  expiryLateMsMax: 0,
  hintMsMax: 0,
  sleepLateMsMax: 0,
  wakeLateMsMax: 0,
};

/** What can be done to one request. */
export type RequestFault =
  | "throttled"
  | "unavailable"
  | "timeoutBefore"
  | "timeoutAfter"
  | "timeoutLate"
  | "putRepeated";

export const requestFaults: readonly RequestFault[] = [
  "throttled",
  "unavailable",
  "timeoutBefore",
  "timeoutAfter",
  "timeoutLate",
  "putRepeated",
];
