/** One watch on both sides: a connection of its own to ZooKeeper, and a cursor on our changes. */
import type { CallContext, ZnodeEvent } from "../../../shared/services/coordination.ts";
import type { Services } from "../../../shared/services/services.ts";
import type { Identity } from "../../../shared/tree/acl.ts";
import type { WatchScope } from "../../../shared/tree/tree-events.ts";
import { WireClient } from "../../gateway/zookeeper/wire-client.ts";
import { authenticate } from "./real-side.ts";

export const watchedScopes: readonly WatchScope[] = [
  { path: "/", recursive: true },
  { path: "/", recursive: true },
  { path: "/a", recursive: true },
  { path: "/a", recursive: false },
  { path: "/a/b", recursive: false },
  { path: "/b/s-", recursive: true },
  { path: "/", recursive: false },
];

const eventTypes = new Map([
  [1, "NodeCreated"],
  [2, "NodeDeleted"],
  [3, "NodeDataChanged"],
  [4, "NodeChildrenChanged"],
]);

export class WatchedPair {
  /** Events that were the same on both sides. */
  compared = 0;
  readonly #real: WireClient;
  readonly #services: Services;
  readonly #scope: WatchScope;
  readonly #context: CallContext;
  #since: number;

  private constructor(real: WireClient, services: Services, scope: WatchScope, context: CallContext, since: number) {
    this.#real = real;
    this.#services = services;
    this.#scope = scope;
    this.#context = context;
    this.#since = since;
  }

  static async open(
    port: number,
    services: Services,
    scope: WatchScope,
    identities: readonly Identity[],
    isSuper: boolean,
  ): Promise<WatchedPair> {
    const real = await WireClient.connect(port);
    if (isSuper) await authenticate(real, "super:secret");
    const { err } = await real.send("addWatch", { path: scope.path, mode: scope.recursive ? 1 : 0 });
    if (err !== 0) throw new Error(`addWatch answered ${err}`);
    const context = { namespace: "default", identities };
    const { zxid } = await services.changes.changes(context, { ...scope, limit: 1, waitMs: 0 });
    return new WatchedPair(real, services, scope, context, zxid);
  }

  /** What differs since the last time, or undefined. */
  async compare({ anyOrder = false } = {}): Promise<string | undefined> {
    // Answered after all events that came before it.
    await this.#real.send("ping", {});
    const real = this.#real.events.map(({ type, path }) => `${eventTypes.get(type)} ${path}`);
    this.#real.told.splice(0);
    const ours = (await this.#ours()).map(({ type, path }) => `${type} ${path}`);
    // A session's ephemerals go in the order of a hash table there, and of their paths here.
    const [one, other] = anyOrder ? [real.toSorted(), ours.toSorted()] : [real, ours];
    const { path, recursive } = this.#scope;
    if (one.join("\n") !== other.join("\n")) {
      return `events of ${path}${recursive ? ", recursive" : ""}:\n real ${one.join(", ")}\n ours ${other.join(", ")}`;
    }
    this.compared += real.length;
    return undefined;
  }

  destroy(): void {
    this.#real.destroy();
  }

  async #ours(): Promise<readonly ZnodeEvent[]> {
    const events: ZnodeEvent[] = [];
    for (;;) {
      const request = { ...this.#scope, since: this.#since, limit: 1_000, waitMs: 0 };
      const page = await this.#services.changes.changes(this.#context, request);
      events.push(...page.events);
      if (page.zxid === this.#since) return events;
      this.#since = page.zxid;
    }
  }
}
