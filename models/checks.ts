/**
 * Every run of the checker: each model as it is, with the number of its states, and each of its mutants with the property
 * that it must break. A model whose states are another number says something else than it did: look why, then write down
 * the new one.
 */

export interface Model {
  /** Of the folder. */
  readonly name: string;
  readonly module: string;
  /** Steps that only mutants take. */
  readonly mutantSteps: readonly string[];
}

export interface Check {
  readonly model: string;
  readonly name: string;
  /** Constants that are not as in the model's configuration. */
  readonly values: Readonly<Record<string, string>>;
  /** A property over whole behaviours, checked beside the invariants. */
  readonly temporal?: string;
  readonly expected: { readonly states: number } | { readonly breaks: string };
}

export const models: readonly Model[] = [
  { name: "shared-log", module: "SharedLog", mutantSteps: [] },
  { name: "sealing", module: "Sealing", mutantSteps: [] },
  { name: "sessions", module: "Sessions", mutantSteps: ["SweepLeasesFirst"] },
  { name: "transactions", module: "Transactions", mutantSteps: ["BeginEarly"] },
];

/** A model as it is. */
function holds(model: string, name: string, states: number, values: Check["values"] = {}, temporal?: string): Check {
  return { model, name, values, expected: { states }, ...(temporal === undefined ? {} : { temporal }) };
}

/** A model without one of its rules. */
function breaks(model: string, rule: string, property: string, values: Check["values"] = {}): Check {
  return { model, name: rule, values: { ...values, [rule]: "TRUE" }, expected: { breaks: property } };
}

function hangs(model: string, rule: string, temporal: string, values: Check["values"] = {}): Check {
  return { ...breaks(model, rule, temporal, values), temporal };
}

const brief = { GraceTicks: "2", RequestTicks: "0" } as const;
const twoAppends = { ...brief, RequestsOf: "<- TwoThenOne", AttemptsMax: "1", ProbesMax: "1" } as const;
const reads = { Sealers: "{}", SealersAtOnce: "{9}" } as const;
const oneReaper = { Reapers: "{1}" } as const;
const oneClient = { Producers: "{1}" } as const;
const oneFinisher = { Finishers: "{1}" } as const;
const twice = { TransactionsOf: "<- TwoThenOne" } as const;

export const checks: readonly Check[] = [
  holds("shared-log", "two writers", 97_699),
  holds("shared-log", "a writer that comes to a log with old entries", 114_370, twoAppends),
  breaks("shared-log", "IgnoreTailEvidence", "Chain", brief),
  breaks("shared-log", "CheckWhenDecided", "Chain", brief),
  breaks("shared-log", "ForgetAttemptId", "NothingDoubled", brief),
  breaks("shared-log", "EmptyMeansLost", "FailedIsNotThere", brief),
  breaks("shared-log", "FollowForEver", "Chain", brief),
  breaks("shared-log", "SlowRecovery", "Chain", brief),
  breaks("shared-log", "TrustOldLast", "Chain", twoAppends),
  {
    model: "shared-log",
    name: "a grace period that is too short",
    values: { GraceTicks: "1", RequestTicks: "2" },
    expected: { breaks: "Chain" },
  },

  holds("sealing", "two sealers", 184_082),
  holds("sealing", "one read", 742_211, { ...reads, ReadsMax: "1" }),
  holds("sealing", "two reads", 27_029, { ...reads, OffsetsMax: "1", ReadsMax: "2" }),
  breaks("sealing", "SealWithoutEvidence", "ListIsChain", { Sealers: "{1}", SealersAtOnce: "{9}" }),
  breaks("sealing", "ReferToOldBlobs", "NothingLost", { Sealers: "{1}" }),
  breaks("sealing", "SealAcrossGap", "SegmentsAreWhole", { Sealers: "{1}" }),
  breaks("sealing", "TrimLastOfList", "ListIsChain", { Sealers: "{1}" }),
  breaks("sealing", "TrimUnsealed", "NothingLost", { Sealers: "{1}" }),
  breaks("sealing", "CollectUnsealed", "NothingLost", { Sealers: "{1}" }),
  breaks("sealing", "TrustOldTail", "ReadsAreTrue", { ...reads, OffsetsMax: "1", ReadsMax: "2" }),
  breaks("sealing", "TrustOldEntry", "ReadsAreTrue", { ...reads, ReadsMax: "1" }),
  breaks("sealing", "NeverLookAgain", "ReadsAreTrue", { ...reads, ReadsMax: "1" }),

  holds("sessions", "two reapers", 63_970),
  holds("sessions", "two heartbeats under way", 42_802, { ...oneReaper, Beats: "{1, 2}" }),
  holds("sessions", "what is left is ended", 7_552, oneReaper, "EndsInTheEnd"),
  breaks("sessions", "EphemeralWithoutSessionCheck", "NoEphemeralOfClosed", oneReaper),
  breaks("sessions", "CloseBeforeFlip", "NotClosedEarly", oneReaper),
  breaks("sessions", "FlipUnseen", "NotClosedEarly", oneReaper),
  breaks("sessions", "ReviveLease", "NoLiveLeaseOfClosed", oneReaper),
  breaks("sessions", "ShortenLease", "NotClosedEarly", { ...oneReaper, Beats: "{1, 2}" }),
  breaks("sessions", "LeasesBeforeTree", "NoLiveLeaseOfClosed", oneReaper),
  breaks("sessions", "TreeBeforeLease", "NoLiveLeaseOfClosed", oneReaper),
  breaks("sessions", "CreateUnseen", "NotClosedEarly", oneReaper),
  breaks("sessions", "NoSkewAllowance", "NotClosedEarly", oneReaper),
  hangs("sessions", "NoSweep", "EndsInTheEnd", oneReaper),

  holds("transactions", "a zombie and a new owner", 140_416, oneFinisher),
  holds("transactions", "two transactions, two that finish", 670_728, { ...oneClient, ...twice }),
  holds("transactions", "somebody finishes", 18_492, { ...oneClient, DeathsMax: "1" }, "SomebodyFinishes"),
  breaks("transactions", "MarkerBeforeDecision", "AbortIsNothing", { ...oneClient, ...oneFinisher }),
  breaks("transactions", "MarkerEndsSameEpoch", "AbortIsNothing", { ...oneClient, ...twice }),
  breaks("transactions", "EpochStays", "NoneHangs", { ...oneClient, ...oneFinisher, ...twice }),
  breaks("transactions", "WriteUnverified", "NoneHangs", { ...oneClient, ...oneFinisher }),
  breaks("transactions", "CompleteEarly", "NoneHangs", { ...oneClient, ...oneFinisher }),
  breaks("transactions", "CompleteUnseen", "NoneHangs", { ...oneClient, ...twice }),
  breaks("transactions", "DecideUnseen", "CommitIsWhole", { ...oneClient, ...oneFinisher }),
  breaks("transactions", "TakeOverSilently", "NoneHangs", oneFinisher),
  breaks("transactions", "StageDecided", "NoneHangs", { ...oneClient, ...oneFinisher }),
  hangs("transactions", "NoRecovery", "SomebodyFinishes", { ...oneClient, DeathsMax: "1" }),
];
