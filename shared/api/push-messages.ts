/** What a connection for hints is sent. Types only: docs/push.md describes the protocol. */

/** There is something at `offset` or beyond. */
export interface PartitionHint {
  readonly type: "partition";
  readonly namespace: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** At `zxid` something happened to `path`, or with `recursive` to a znode below it. */
export interface PathHint {
  readonly type: "path";
  readonly namespace: string;
  readonly path: string;
  readonly recursive: boolean;
  readonly zxid: number;
}

export type Hint = PartitionHint | PathHint;

export interface HintMessage {
  readonly type: "hints";
  readonly hints: readonly Hint[];
}
