/** Subscribers and those who change what they listen to, over storage in memory and virtual time. */
import { createHintServices } from "../../../shared/services/capability-services.ts";
import type { CallContext } from "../../../shared/services/coordination.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Hint, HintMessage } from "../../../shared/api/push-messages.ts";
import type { HintService } from "../../../shared/services/push.ts";
import type { Services } from "../../../shared/services/services.ts";
import type { Connections } from "../../../shared/storage/connections.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import type { AclList, Identity } from "../../../shared/tree/acl.ts";

export const ann: readonly Identity[] = [{ scheme: "digest", id: "ann:hash" }];
export const bob: readonly Identity[] = [{ scheme: "digest", id: "bob:hash" }];
export const onlyAnn: AclList = [{ permissions: 31, scheme: "digest", id: "ann:hash" }];
export const world: AclList = [{ permissions: 31, scheme: "world", id: "anyone" }];

export class PushWorld implements Connections {
  readonly memory: MemoryStorage;
  readonly services: Services;
  readonly hints: HintService;
  /** What each connection was sent. */
  readonly inbox = new Map<string, Hint[]>();
  readonly gone = new Set<string>();
  fails = false;

  constructor(subscribersCacheMs = 0) {
    this.memory = createMemoryStorage();
    this.services = createServices(this.memory.storage, { subscribersCacheMs });
    this.hints = createHintServices(this.memory.storage, this, { subscribersCacheMs }).hints;
  }

  async post(connectionId: string, message: string): Promise<"posted" | "gone"> {
    if (this.fails) throw new Error("the connection is not to be reached");
    if (this.gone.has(connectionId)) return "gone";
    const { hints } = JSON.parse(message) as HintMessage;
    this.inbox.set(connectionId, [...(this.inbox.get(connectionId) ?? []), ...hints]);
    return "posted";
  }

  /** All that it was sent since it was looked at last. */
  take(connectionId: string): readonly Hint[] {
    const hints = this.inbox.get(connectionId) ?? [];
    this.inbox.delete(connectionId);
    return hints;
  }

  async connect(connectionId: string, principal = "me") {
    const owner = { connectionId, principal };
    await this.services.push.connect(owner);
    return owner;
  }

  async createTopic(partitions = 2): Promise<string> {
    const { topicId } = await this.services.topics.create("default", { name: "orders", partitions });
    return topicId;
  }

  as(identities: readonly Identity[]): CallContext {
    return { namespace: "default", identities };
  }

  /** Does something to the tree, and tells of it as a stream of its log would. */
  async change(change: () => Promise<{ readonly zxid: number }>): Promise<number> {
    const { zxid } = await change();
    await this.hints.notify([{ logId: "tree:default", first: zxid, last: zxid }]);
    return zxid;
  }

  create(path: string, acl: AclList = world, identities = ann): Promise<number> {
    const request = { path, data: null, mode: "persistent", acl } as const;
    return this.change(() => this.services.znodes.create(this.as(identities), request));
  }

  setData(path: string, identities = ann): Promise<number> {
    return this.change(() => this.services.znodes.setData(this.as(identities), { path, data: null, version: -1 }));
  }

  delete(path: string): Promise<number> {
    return this.change(() => this.services.znodes.delete(this.as(ann), { path, version: -1 }));
  }

  /** Items of connections and of subscribers that are stored. */
  async storedItems(connectionId: string, logId: string): Promise<number> {
    const { items } = this.memory.storage;
    const [own, heard] = await Promise.all([
      items.query(`connections:${connectionId}`, { limit: 100 }),
      items.query(`subscribers:${logId}`, { limit: 100 }),
    ]);
    return own.items.length + heard.items.filter(({ key }) => key.sort.startsWith(`${connectionId}:`)).length;
  }
}
