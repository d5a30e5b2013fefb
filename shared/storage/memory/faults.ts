import { type RequestName, requestNames } from "../request-name.ts";

/** Probabilities of what may go wrong, each drawn anew for each request. */
export interface Faults {
  /** Any request: refused because of load, not applied. */
  readonly throttled: number;
  /** Any request: refused, not applied. */
  readonly unavailable: number;
  /** Any request: refused because the process's credentials are over, not applied. */
  readonly credentialsExpired: number;
  /** A write: refused because nothing more fits, not applied. */
  readonly diskFull: number;
  /** Any request: lost on its way, never applied, answered by a time-out. */
  readonly timeoutBefore: number;
  /** A write: applied, and answered by a time-out. */
  readonly timeoutAfter: number;
  /** A write: answered by a time-out, and applied up to `lateApplyMsMax` after that. */
  readonly timeoutLate: number;
  /**
   * A write: applied, sent again unseen, and answered as the second time: a put is lost to itself. Of an item only what
   * is applied twice can tell, so that adapters send it once: it is answered by a time-out.
   */
  readonly repeated: number;
  /** Any request of a process that may stop: it ends, and the request was not sent. */
  readonly killBefore: number;
  /** Any request of a process that may stop: applied, and the process ends before the answer. */
  readonly killAfter: number;
  /** Any request of a process that may stop: it stands still for up to `freezeMsMax` as it sends it. */
  readonly freezeBefore: number;
  /** Any request of a process that may stop: applied, and it stands still for up to `freezeMsMax` before the answer. */
  readonly freezeAfter: number;
  /** Any request: up to `slowMsMax` on its way. */
  readonly slow: number;
  /** A lost put: the store does not tell to which entry. */
  readonly existingUnknown: number;
  /** A range read: its end is read later than its start, so an entry may be missing before one that is there. */
  readonly tornRange: number;
  /** A range read or a list: ends early, and says that there is more. */
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
  /** A hint reaches one process up to `hintStaleMsMax` later. */
  readonly hintStale: number;
  /** A wake-up never comes. */
  readonly wakeLost: number;
  /** A wake-up comes twice. */
  readonly wakeRepeated: number;
  /** A wake-up comes up to `wakeDelayedMsMax` later. */
  readonly wakeDelayed: number;
  /** A sleep ends up to `reorderedMsMax` later, after others that should have ended later. */
  readonly timersReordered: number;
}

/** What can be done to one request, in the order in which it is drawn. */
export const requestFaults = [
  "throttled",
  "unavailable",
  "timeoutBefore",
  "timeoutAfter",
  "timeoutLate",
  "repeated",
  "credentialsExpired",
  "diskFull",
  "killBefore",
  "killAfter",
  "freezeBefore",
  "freezeAfter",
] as const;

export type RequestFault = (typeof requestFaults)[number];

const writes: readonly RequestName[] = [
  "logs.putIfAbsent",
  "logs.trim",
  "items.update",
  "items.delete",
  "blobs.put",
  "blobs.delete",
];
const lists: readonly RequestName[] = ["logs.readFrom", "items.query", "blobs.list"];

/** What each fault can strike: requests by name, or something else of a simulation. */
const strikes: Readonly<Record<keyof Faults, readonly string[]>> = {
  throttled: requestNames,
  unavailable: requestNames,
  credentialsExpired: requestNames,
  diskFull: writes,
  timeoutBefore: requestNames,
  timeoutAfter: writes,
  timeoutLate: writes,
  repeated: writes,
  killBefore: requestNames,
  killAfter: requestNames,
  freezeBefore: requestNames,
  freezeAfter: requestNames,
  slow: [...requestNames, "wake"],
  existingUnknown: ["logs.putIfAbsent"],
  tornRange: ["logs.readFrom", "items.query"],
  shortRange: lists,
  expiryNever: ["expiry"],
  blobMissing: ["blobs.get"],
  blobTruncated: ["blobs.get"],
  blobFlipped: ["blobs.get"],
  hintLost: ["hint"],
  hintRepeated: ["hint"],
  hintStale: ["hint"],
  wakeLost: ["wake"],
  wakeRepeated: ["wake"],
  wakeDelayed: ["wake"],
  timersReordered: ["timers"],
};

const faultNames = Object.keys(strikes) as (keyof Faults)[];

export const noFaults: Faults = Object.fromEntries(faultNames.map((fault) => [fault, 0])) as unknown as Faults;

/** What is named after what it strikes loses that part of its name. */
const shortNames: Partial<Record<keyof Faults, string>> = {
  existingUnknown: "existing-unknown",
  tornRange: "torn",
  shortRange: "short",
  expiryNever: "never",
  blobMissing: "missing",
  blobTruncated: "truncated",
  blobFlipped: "flipped",
  hintLost: "lost",
  hintRepeated: "repeated",
  hintStale: "stale",
  wakeLost: "lost",
  wakeRepeated: "repeated",
  wakeDelayed: "delayed",
  timersReordered: "reordered",
};

/** `items.update/timeout-after`: where something can go wrong, and what. Undefined if the fault cannot strike there. */
export function failpointOf(struck: string, fault: keyof Faults): string | undefined {
  return failpointsByFault.get(fault)?.get(struck);
}

const failpointsByFault: ReadonlyMap<keyof Faults, ReadonlyMap<string, string>> = new Map(
  faultNames.map((fault) => {
    const name = shortNames[fault] ?? fault.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return [fault, new Map(strikes[fault].map((struck) => [struck, `${struck}/${name}`]))];
  }),
);

/** What is done to processes by name, not by chance. */
export const processFailpoints = [
  "process/killed",
  "process/frozen",
  "process/cold-start",
  "clock/skewed",
  "clock/drifting",
  "clock/step",
  "clock/monotonic-stops",
] as const;

export type ProcessFailpoint = (typeof processFailpoints)[number];

/** The failpoints that faults of these kinds have. */
function failpointsOf(faults: readonly (keyof Faults)[]): readonly string[] {
  return faults.flatMap((fault) => [...(failpointsByFault.get(fault)?.values() ?? [])]);
}

/** The names of all failpoints of a simulated store. */
export const failpoints: readonly string[] = [...failpointsOf(faultNames), ...processFailpoints];

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
  readonly hintStaleMsMax: number;
  /** How late a sleep ends. */
  readonly sleepLateMsMax: number;
  readonly reorderedMsMax: number;
  readonly wakeLateMsMax: number;
  readonly wakeDelayedMsMax: number;
  /** How long a process stands still at a request. */
  readonly freezeMsMax: number;
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
  hintStaleMsMax: 5_000,
  sleepLateMsMax: 2,
  reorderedMsMax: 250,
  wakeLateMsMax: 1_000,
  wakeDelayedMsMax: 20_000,
  freezeMsMax: 20_000,
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
