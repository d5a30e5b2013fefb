/**
 * What clients of a deployment did and saw: the workloads write histories, the checkers read them.
 *
 * All times stand on one clock of the history that never goes back. Checkers compare times and subtract them, nothing
 * else, so any unit will do; durations that a checker is given are in the same unit. Times that are equal count as
 * concurrent. Values are unique where they say so.
 */

/** `fail`: surely no effect. `info`: nobody knows whether it happened, happens later, or never does. */
export type Outcome = "ok" | "fail" | "info";

/** One call of one client. */
export interface Operation {
  /** One client: its operations follow each other. After an `info` it goes on under a new number. */
  readonly process: number;
  readonly invokedAt: number;
  /** Infinity where no answer came. */
  readonly answeredAt: number;
  readonly outcome: Outcome;
}

// The log.

/** One batch to one partition: it is there as a whole, in a row, or not at all. */
export interface SendStep {
  readonly kind: "send";
  /** Topic and number together, such as `orders-3`. */
  readonly partition: string;
  /** One for each record; a whole number from 0 on, unique in the partition. */
  readonly values: readonly number[];
  /** One for each record; needed where the topic is compacted. */
  readonly keys?: readonly string[];
  /** One for each record. Where the operation is no transaction, a step that has them was acknowledged. */
  readonly offsets?: readonly number[];
  /** It was to begin there or to be nowhere. */
  readonly expectedOffset?: number;
  /** A lower one must not be accepted after a higher one. */
  readonly fencingToken?: number;
}

/** What one poll returned, in the order in which it was returned. */
export interface PollStep {
  readonly kind: "poll";
  readonly polled: readonly PolledPartition[];
  /** Read committed unless it says otherwise. */
  readonly isUncommitted?: boolean;
  /** Counts what a group gave and took: while it stays, nobody moves the member's positions. */
  readonly generation?: number;
}

/** Both lists are equally long. */
export interface PolledPartition {
  readonly partition: string;
  readonly offsets: readonly number[];
  readonly values: readonly number[];
}

export type LogStep = SendStep | PollStep;

/** Sends and polls, in their order; as one transaction, or each for itself. */
export interface LogWork extends Operation {
  readonly kind: "work";
  /** Its outcome is that of the commit: `fail` is an abort. */
  readonly isTransaction: boolean;
  /** Of the sends, all that were tried; of the polls, all that were answered, also where the operation failed later. */
  readonly steps: readonly LogStep[];
  /** One of the last polls, from the beginning until everything known had been passed. */
  readonly isFinal?: boolean;
}

/** What changes where the next poll of a process starts; or `end`, which changes nothing. */
export interface LogMark extends Operation {
  /**
   * `assign`: partitions that it keeps go on where they were. `subscribe`: from now on the group moves its positions.
   * `seek`: the next poll of each partition starts at `offset`, or anywhere if there is none. `crash`: the client is
   * thrown away with its positions. `end`: it asked where the partition ends, and was told `offset`, one more than that of
   * the last record, committed or not.
   */
  readonly kind: "assign" | "subscribe" | "seek" | "crash" | "end";
  readonly partitions: readonly string[];
  readonly offset?: number;
  /** Of a `subscribe`: the group, which begins at the earliest record and whose members commit only what they polled. */
  readonly group?: string;
}

export type LogOperation = LogWork | LogMark;

export interface LogHistory {
  /** In any order. */
  readonly operations: readonly LogOperation[];
  /** By partition: what lies below was trimmed on purpose. */
  readonly logStartOffsets?: ReadonlyMap<string, number>;
  /** A value may vanish there once a later one has its key. */
  readonly compactedPartitions?: ReadonlySet<string>;
}

// Registers: one znode each, which is there with `version` 0 before the first operation.

/** `version` is the znode's after a write, or that of what a read saw. */
export type RegisterOperation = Operation & { readonly znode: string } & (
    | { readonly kind: "read"; readonly value?: string; readonly version?: number }
    | { readonly kind: "write"; readonly value: string; readonly version?: number }
    | {
        readonly kind: "compareAndSet";
        readonly value: string;
        readonly expectedVersion: number;
        readonly version?: number;
        /** It failed because the znode had another version, not because it never got there. */
        readonly isRefused?: boolean;
      }
  );

export interface RegisterHistory {
  readonly operations: readonly RegisterOperation[];
  /** By znode; the empty string where it says nothing. */
  readonly initialValues?: ReadonlyMap<string, string>;
}

// Sets: one znode each, to which elements are appended by compare-and-set; empty at first.

export type SetOperation = Operation & { readonly znode: string } & (
    | {
        readonly kind: "add";
        /** Unique in the znode. */
        readonly element: string;
      }
    | {
        readonly kind: "read";
        /** In the order in which the znode holds them. */
        readonly elements?: readonly string[];
      }
  );

// Several znodes by one multi.

export type MultiStep =
  | { readonly kind: "append"; readonly znode: string; /** Unique in the znode. */ readonly value: string }
  | { readonly kind: "readList"; readonly znode: string; readonly values?: readonly string[] }
  /** `version` is the one that the write made: known where it was acknowledged. */
  | { readonly kind: "write"; readonly znode: string; readonly value: string; readonly version?: number }
  | { readonly kind: "read"; readonly znode: string; readonly value?: string; readonly version?: number };

/** All steps at one moment. A znode has lists or values, not both; it starts as an empty list, or as "" with version 0. */
export interface MultiOperation extends Operation {
  readonly steps: readonly MultiStep[];
}

// Watches.

export interface ZnodeChange {
  /** Undefined where a watcher was not told. */
  readonly zxid: number | undefined;
  readonly path: string;
  readonly type: "NodeCreated" | "NodeDeleted" | "NodeDataChanged" | "NodeChildrenChanged";
}

/** What one watcher was told or read, in the order in which it was. */
export type WatchSight =
  | ({ readonly kind: "event" } & ZnodeChange)
  /** It read the data of a znode that it watches. */
  | { readonly kind: "data"; readonly path: string; readonly mzxid: number };

export interface WatchLog {
  readonly watcher: string;
  /** The znode that it watches, and with `isRecursive` all below. */
  readonly path: string;
  readonly isRecursive: boolean;
  /** It is to hear of every change after this one... */
  readonly sinceZxid: number;
  /** ...up to this one, when it was stopped. */
  readonly untilZxid: number;
  readonly sights: readonly WatchSight[];
}

export interface WatchHistory {
  /** All changes, in the order of the tree's log, by zxid: the tree's own, or what the longest watch of the root heard. */
  readonly changes: readonly (ZnodeChange & { readonly zxid: number })[];
  readonly logs: readonly WatchLog[];
}

// Sequential znodes.

/** One create of a sequential znode below a parent. */
export interface SequentialCreate extends Operation {
  readonly parent: string;
  /** Known where it was acknowledged or found later: the number at the end of its name, and its czxid. */
  readonly suffix?: number;
  readonly czxid?: number;
  /** Numbers of more znodes that were found and can only be its own. */
  readonly others?: readonly number[];
  /** It was acknowledged and nobody deleted it, but in the end it was not there. */
  readonly isGone?: boolean;
}

// Sessions and their ephemerals.

/** One session as its owner saw it. */
export interface SessionLife {
  readonly sessionId: string;
  readonly timeout: number;
  readonly opened: Operation;
  /** Heartbeats and whatever else renews its lease. One that is refused as expired has failed. */
  readonly renewals: readonly Operation[];
  /** Closed by its owner. */
  readonly closed?: Operation;
}

/** A look at an ephemeral that is created once: by its owner's session, or by anybody. */
export type EphemeralOperation = Operation & {
  readonly path: string;
  readonly sessionId: string;
} & (
    | { readonly kind: "create" | "delete" }
    /** The answer was that the znode is there, of this session, or is not there. */
    | { readonly kind: "look"; readonly isPresent?: boolean }
  );

export interface EphemeralHistory {
  readonly sessions: readonly SessionLife[];
  readonly operations: readonly EphemeralOperation[];
}

// Locks.

/** One grant, as the one who held it saw it. */
export interface LockHold {
  readonly lock: string;
  readonly process: number;
  /** Greater with each grant of the lock. */
  readonly token: number;
  readonly invokedAt: number;
  /** From here on it believed that it held the lock... */
  readonly grantedAt: number;
  /** ...to here: it began to release, or was told that it had lost it. Infinity if neither happened. */
  readonly endedAt: number;
}

/** A write to what the lock guards. */
export interface GuardedWrite extends Operation {
  readonly lock: string;
  /** Of the hold under which it was made. */
  readonly token: number;
  /** Where it stands in the order of accepted writes (an offset, a version, a zxid); of one not acknowledged, if it was found. */
  readonly position?: number;
}

export interface LockHistory {
  readonly holds: readonly LockHold[];
  readonly writes: readonly GuardedWrite[];
}
