/** Notifications as frames: one for all connections that are told of an event. */
import type { TreeEvent } from "../../shared/tree/tree-events.ts";
import type { JuteWriter } from "./protocol/jute-writer.ts";
import { specialXid } from "./protocol/operations.ts";
import { replyHeader, watcherEvent } from "./protocol/records.ts";

/** `Watcher.Event.EventType`. */
const eventTypes = { NodeCreated: 1, NodeDeleted: 2, NodeDataChanged: 3, NodeChildrenChanged: 4 } as const;
/** `KeeperState.SyncConnected`. */
const syncConnected = 3;

export class EventFrames {
  readonly #writer: JuteWriter;
  #last:
    | { readonly event: Pick<TreeEvent, "type" | "path">; readonly zxid: number; readonly frame: Buffer }
    | undefined;

  constructor(writer: JuteWriter) {
    this.#writer = writer;
  }

  /** @param zxid of the transaction, which clients since 3.9 tell */
  of(event: Pick<TreeEvent, "type" | "path">, zxid: number): Buffer {
    if (this.#last?.event === event && this.#last.zxid === zxid) return this.#last.frame;
    const to = this.#writer.begin();
    replyHeader.write(to, { xid: specialXid.notification, zxid, err: 0 });
    watcherEvent.write(to, { type: eventTypes[event.type], state: syncConnected, path: event.path });
    const frame = to.end();
    this.#last = { event, zxid, frame };
    return frame;
  }
}
