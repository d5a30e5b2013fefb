/**
 * What workloads drive: a log and a tree, by whatever client. A target is honest: what it answers was answered, and what it
 * throws says whether the call may have had an effect. It may repeat a call only where the service recognises the repeat.
 */

/** `fail`: surely no effect; `info`: nobody knows. */
export type FailedOutcome = "fail" | "info";

/** Why a workload would act differently; whatever else went wrong is `other`. */
export type TargetCode =
  /** The client can do nothing more: a new one is needed (fenced, out of sequence, put out of its group, crashed). */
  | "CLIENT_LOST"
  | "SESSION_EXPIRED"
  | "NO_NODE"
  | "NODE_EXISTS"
  | "BAD_VERSION"
  | "NOT_EMPTY"
  /** The grant that guards the call is no longer held. */
  | "FENCED"
  /** The transaction can only be aborted. */
  | "MUST_ABORT"
  /** What came is damaged: no fault of a network explains it. */
  | "CORRUPT"
  | "other";

/** What every call of a target rejects with, and nothing else. */
export class TargetError extends Error {
  override readonly name = "TargetError";
  readonly outcome: FailedOutcome;
  readonly code: TargetCode;
  /** What the client called it, for a table of what went wrong and how often. */
  readonly reason: string;

  constructor(
    outcome: FailedOutcome,
    code: TargetCode,
    message: string,
    options: ErrorOptions & { readonly reason?: string } = {},
  ) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.outcome = outcome;
    this.code = code;
    this.reason = options.reason ?? code;
  }
}

export interface VerifyTarget {
  readonly log: LogTarget;
  readonly tree: TreeTarget;
}

/** Anything that may be thrown away as a crash would: no goodbye, nothing awaited, later calls reject with CLIENT_LOST. */
export interface Crashable {
  crash(): void;
}

// The log. Values are whole numbers from 0 on, below 2^53; a record holds one, and workloads never write the same one twice.

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Records of one partition, in the order in which they came; both lists have the same length. */
export interface PolledRecords extends TopicPartition {
  readonly offsets: readonly number[];
  readonly values: readonly number[];
}

export interface LogTarget {
  /** One that exists already is no error. Settings by Kafka's names. */
  createTopic(topic: string, partitions: number, settings?: Readonly<Record<string, string>>): Promise<void>;
  /** One more than the offset of the last record, control records counted; with `read_committed` where a reader stops. */
  endOffset(place: TopicPartition, isolation: Isolation): Promise<number>;
  openProducer(options: { readonly topic: string; readonly idempotent: boolean }): Promise<LogProducer>;
  /** Takes over the id: ends what its earlier producer left open, and puts that producer out. */
  openTransactionalProducer(options: {
    readonly transactionalId: string;
    readonly timeoutMs: number;
  }): Promise<TransactionalLogProducer>;
  openReader(options: { readonly isolation: Isolation }): Promise<LogReader>;
  openMember(options: GroupMemberOptions): Promise<GroupMember>;
  /** What a group has committed: the next offset to read. Undefined where nothing is. */
  committedOffset(group: string, place: TopicPartition): Promise<number | undefined>;
  /** All of it or nothing in one call; absent where the protocol has no such call. Offsets as in `LogTransaction.send`. */
  readonly writeAtomically?: (write: AtomicWrite) => Promise<readonly (readonly number[])[]>;
}

export type Isolation = "read_uncommitted" | "read_committed";

export interface LogProducer extends Crashable {
  /**
   * Writes values to one partition, in this order, and answers their offsets. Without `idempotent` not repeated after an
   * attempt of which nobody knows. All of the values have the outcome that is thrown.
   */
  send(partition: number, values: readonly number[]): Promise<readonly number[]>;
  close(): Promise<void>;
}

export interface ValuesToSend extends TopicPartition {
  readonly values: readonly number[];
}

/** Where a group goes on: the next offset to read. */
export interface CommittedOffset extends TopicPartition {
  readonly offset: number;
}

export interface AtomicWrite {
  readonly produce: readonly ValuesToSend[];
  readonly offsets?: { readonly group: string; readonly offsets: readonly CommittedOffset[] };
}

export interface TransactionalLogProducer extends Crashable {
  /** Rejects with CLIENT_LOST when another one has taken over. */
  begin(): Promise<LogTransaction>;
  close(): Promise<void>;
}

export interface LogTransaction {
  /** Offsets of the values; whether anyone sees them is for `commit` to tell. */
  send(place: TopicPartition, values: readonly number[]): Promise<readonly number[]>;
  sendOffsets(group: string, offsets: readonly CommittedOffset[]): Promise<void>;
  /** Rejects with `fail` only if nothing of the transaction will ever be seen. */
  commit(): Promise<void>;
  abort(): Promise<void>;
}

/** Reads by assignment, without a group. */
export interface LogReader extends Crashable {
  /** In place of what was assigned before; each partition from its offset on. */
  assign(positions: readonly CommittedOffset[]): void;
  /** Records that follow what was polled before; none when nothing came within `waitMs`. */
  poll(waitMs: number): Promise<readonly PolledRecords[]>;
  /** The next offset to be polled: beyond the last value where control records follow it. Undefined if it is not assigned. */
  position(place: TopicPartition): number | undefined;
  close(): Promise<void>;
}

export interface GroupMemberOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly isolation: Isolation;
  readonly sessionTimeoutMs: number;
}

/** Reads as a member of a group, which begins at the earliest record; what was polled is committed by `commit` alone. */
export interface GroupMember extends Crashable {
  /**
   * Records of the partitions that it owns; none when nothing came within `waitMs`. In between partitions may come and go:
   * `assigned` is what it owned while it polled.
   */
  poll(waitMs: number): Promise<{
    readonly records: readonly PolledRecords[];
    /** Counts each change of what it owns. */
    readonly assignments: number;
  }>;
  /** Commits all that was polled. */
  commit(): Promise<void>;
  /** Leaves the group. */
  close(): Promise<void>;
}

// The tree. Data is text; paths are absolute. Versions are ZooKeeper's.

export interface TreeStat {
  /** Of the last change of the data (mzxid). */
  readonly mzxid: number;
  readonly czxid: number;
  /** Of the data; 0 when created. */
  readonly version: number;
  /** Undefined if it is not ephemeral. */
  readonly ephemeralOwner: string | undefined;
}

export type TreeOperation =
  | { readonly type: "create"; readonly path: string; readonly data: string }
  | { readonly type: "set"; readonly path: string; readonly data: string; readonly version?: number | undefined }
  | { readonly type: "delete"; readonly path: string; readonly version?: number | undefined }
  | { readonly type: "check"; readonly path: string; readonly version: number };

export interface TreeEvent {
  readonly type: "NodeCreated" | "NodeDeleted" | "NodeDataChanged" | "NodeChildrenChanged";
  readonly path: string;
  /** Undefined where the protocol does not tell. */
  readonly zxid: number | undefined;
}

export interface TreeSessionOptions {
  readonly timeoutMs: number;
  /** Called when something is sent that renews the session; what it answers is called once, with what became of it. */
  readonly renewing?: () => (outcome: "ok" | FailedOutcome) => void;
}

export interface TreeTarget {
  /** Heartbeats go on by themselves until it is closed or crashes. */
  openSession(options: TreeSessionOptions): Promise<TreeSession>;
}

/**
 * A client with a session of its own. Reads are linearizable (ZooKeeper: `sync` before them). Calls of one session may be
 * under way at once; their order is then open. A call with an effect is repeated only where the repeat is recognised.
 */
export interface TreeSession extends Crashable {
  readonly id: string;
  /** As granted. */
  readonly timeoutMs: number;
  /** Whether the client may still count on it: false from the moment on at which the service may have ended it. */
  readonly isOpen: boolean;
  get(path: string): Promise<{ readonly data: string; readonly stat: TreeStat }>;
  /** Several znodes as they were at one moment; absent where the protocol has no such call. Undefined for a missing one. */
  readonly getAll?: (paths: readonly string[]) => Promise<readonly ({ data: string; stat: TreeStat } | undefined)[]>;
  exists(path: string): Promise<TreeStat | undefined>;
  children(path: string): Promise<readonly string[]>;
  /** With a version only if the znode is at it. */
  set(path: string, data: string, version?: number): Promise<TreeStat>;
  create(path: string, data: string, mode: CreateMode): Promise<{ readonly path: string; readonly zxid: number }>;
  /** Answers the zxid. */
  delete(path: string, version?: number): Promise<number>;
  /** All or nothing; answers the zxid. */
  multi(operations: readonly TreeOperation[]): Promise<number>;
  /**
   * Tells of every change at and below a path, in order, from the moment on at which it resolves. Whatever `get`, `exists`
   * or `children` of this session answer was told before. `failed`: events may have been lost.
   */
  watch(path: string, listener: (event: TreeEvent) => void, failed: (reason: Error) => void): Promise<TreeWatch>;
  /** Waits in line for at most `waitMs`, then leaves it: undefined. */
  acquireLock(name: string, waitMs: number): Promise<LockGrant | undefined>;
  /** Ends the session, and with it its ephemerals. */
  close(): Promise<void>;
}

export type CreateMode = "persistent" | "persistent-sequential" | "ephemeral" | "ephemeral-sequential";

export interface TreeWatch {
  /** It tells of every change after this one. */
  readonly sinceZxid: number;
  close(): void;
}

export interface LockGrant {
  /** Greater than that of any grant before. */
  readonly fencingToken: number;
  /** Calls once when the client may no longer count on it without having released it; at once if that is so already. */
  onLost(listener: () => void): void;
  /** Writes a znode if the lock is still held by this grant, else FENCED; answers the new version. */
  guardedSet(path: string, data: string): Promise<number>;
  release(): Promise<void>;
}
