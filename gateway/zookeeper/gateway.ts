/** What the connections of one gateway share. */
import type { Log } from "../../functions/http/log.ts";
import type { Metrics } from "../../shared/metrics/metrics.ts";
import type { NamespaceFollower } from "../../shared/services/namespace-follower.ts";
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";
import type { Clock } from "../../shared/storage/environment.ts";
import type { RequestBudget } from "../connections/request-budget.ts";
import type { Traffic } from "./traffic.ts";
import type { EventFrames } from "./event-frames.ts";
import type { AuthSettings } from "./identities.ts";
import type { JuteWriter } from "./protocol/jute-writer.ts";
import type { SessionTable } from "./session-table.ts";
import type { WatchTable } from "./watch-table.ts";
import type { Flusher } from "./outbox.ts";
import type { TurnWrites } from "./turn-writes.ts";
import type { WriteRoom } from "./write-room.ts";

export interface LastAnswer {
  readonly operation: string;
  readonly xid: number;
  readonly zxid: number;
}

/** What commands tell of a connection. */
export interface ConnectionFacts {
  readonly address: string;
  readonly traffic: Traffic;
  /** Requests that are not answered. */
  readonly queued: number;
  readonly openedMs: number;
  readonly session: { readonly sessionId: bigint; readonly timeoutMs: number } | undefined;
  readonly last: LastAnswer | undefined;
}

/** What `conf` tells. */
export interface Configuration {
  readonly port: number;
  readonly isTls: boolean;
  readonly tickMs: number;
}

export interface Gateway {
  readonly follower: NamespaceFollower;
  /** The tree of what was told last. */
  readonly told: () => ZnodeTree | undefined;
  readonly sessions: SessionTable;
  readonly watches: WatchTable;
  /** Where all connections write their frames, one at a time. */
  readonly writer: JuteWriter;
  readonly events: EventFrames;
  readonly flusher: Flusher;
  readonly room: WriteRoom;
  readonly writes: TurnWrites;
  readonly budget: RequestBudget;
  readonly clock: Clock;
  /** When its port was opened, by the monotonic clock. */
  readonly openedMs: number;
  readonly log: Log;
  readonly auth: AuthSettings;
  /** Of all connections. */
  readonly traffic: Traffic;
  readonly configuration: Configuration;
  /** Where requests are counted, if anyone wants to know. */
  readonly metrics: Metrics | undefined;
  readonly connections: () => Iterable<ConnectionFacts>;
  readonly connectionCount: () => number;
}
