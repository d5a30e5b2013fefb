/** What the connections of one gateway share. */
import type { Log } from "../../functions/http/log.ts";
import type { NamespaceFollower } from "../../shared/services/namespace-follower.ts";
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";
import type { Clock } from "../../shared/storage/environment.ts";
import type { RequestBudget } from "../connections/request-budget.ts";
import type { EventFrames } from "./event-frames.ts";
import type { AuthSettings } from "./identities.ts";
import type { JuteWriter } from "./protocol/jute-writer.ts";
import type { SessionTable } from "./session-table.ts";
import type { WatchTable } from "./watch-table.ts";
import type { Flusher } from "./outbox.ts";
import type { WriteRoom } from "./write-room.ts";

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
  readonly budget: RequestBudget;
  readonly clock: Clock;
  readonly log: Log;
  readonly auth: AuthSettings;
}
