/** What waits for its entry. */
import type { AppendResult } from "./append-result.ts";
import type { Group } from "./log-machine.ts";

export interface Waiting<Request, Result, Refusal> {
  readonly request: Request;
  readonly bytes: number;
  readonly resolve: (result: AppendResult<Result, Refusal>) => void;
}

/** Requests that become one entry. */
export interface Taken<State, Request, Result, Refusal> {
  readonly waiting: Waiting<Request, Result, Refusal>[];
  readonly group: Group<State, Result, Refusal>;
}
