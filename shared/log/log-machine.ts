/**
 * What the owner of a log (a partition, a tree) brings to its writer: how to rebuild its state, how an entry changes it,
 * and which entry a group of requests should become. Everything but `recover`, `load` and a draft's payload is pure.
 */
import type { LogEntry, LogId, Payload } from "../storage/log-store.ts";
import type { AppendResult } from "./append-result.ts";
import type { Instant } from "./evidence.ts";

export interface Recovered<State> {
  readonly state: State;
  /** The tail that was proven. */
  readonly position: number;
  /** When the proof was asked for. */
  readonly evidence: Instant;
}

/** An entry that is to be appended; the writer adds position, attempt and time. */
export interface Draft {
  readonly next: number;
  readonly meta: Uint8Array;
  /** Stores what does not fit inline, once however often the entry is planned again. */
  readonly payload: () => Promise<DraftPayload>;
}

export interface DraftPayload {
  readonly payload: Payload;
  /** When the blob was begun to be put: an old one may be collected before the entry refers to it. Absent for inline. */
  readonly storedAt?: Instant;
}

export type Answer<Result, Refusal> =
  /** True once the draft is durable. */
  | { readonly kind: "written"; readonly result: Result }
  /** True whatever else the log holds by now. */
  | { readonly kind: "settled"; readonly result: Result }
  /** As above, refused. */
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** Refused, but perhaps only because the state is behind: catch up and ask again before saying so. */
  | { readonly kind: "doubtful"; readonly refusal: Refusal }
  /** Not to be carried out any more: nothing of it is in the draft. */
  | { readonly kind: "dropped" }
  /** Did not fit this entry: to be planned again with the next. */
  | { readonly kind: "deferred" };

export interface Plan<Result, Refusal> {
  /** Absent when there is nothing to write. */
  readonly draft?: Draft;
  /** One for each request of the group, in its order. */
  readonly answers: readonly Answer<Result, Refusal>[];
}

/** Requests that are to become one entry. May keep what planning them again can use, such as a blob that is stored. */
export interface Group<State, Result, Refusal> {
  /** Begins to store what will not fit inline, before it is known which requests are taken. Must not throw. */
  prepare?(): void;
  /** `at` is the time of the entry. Must not change `state`. */
  plan(state: State, position: number, at: Instant): Plan<Result, Refusal>;
}

export interface LogMachine<State, Loaded, Request, Result, Refusal> {
  readonly logId: LogId;
  /** True: entries carry no expiry, only `trim` removes them. */
  readonly keepsEntries: boolean;
  /** Rebuilds the state and proves the tail, in a bounded number of requests. */
  recover(): Promise<Recovered<State>>;
  /** Fetches what an entry refers to and `apply` needs. */
  load(entry: LogEntry): Promise<Loaded> | Loaded;
  /** Changes `state` by the entry. */
  apply(state: State, entry: LogEntry, loaded: Loaded): void;
  /** Bytes that a request adds to an entry, for the bounds of queue and group. */
  requestBytes(request: Request): number;
  group(requests: readonly Request[]): Group<State, Result, Refusal>;
  /** Largest group. */
  readonly groupRequestsMax: number;
  readonly groupBytesMax: number;
  /** Told of each entry that this process appended, after it was applied; its requests are answered when it is done. */
  appended?(state: State, entry: LogEntry): Promise<void> | void;
  /** Told of what each request is answered, before the next group is planned. */
  answered?(request: Request, result: AppendResult<Result, Refusal>): void;
}
