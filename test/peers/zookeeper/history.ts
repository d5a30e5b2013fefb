/** All that happened, as ZooKeeper told a superuser: from it follows what a client has missed. */
import { WireClient } from "../../gateway/zookeeper/wire-client.ts";
import { concerns, type WatchScope } from "../../../shared/tree/tree-events.ts";
import { parentOf } from "../../../shared/tree/paths.ts";
import { authenticate } from "./real-side.ts";

const created = 1;
const deleted = 2;
const eventTypes = new Map([
  [created, "NodeCreated"],
  [deleted, "NodeDeleted"],
  [3, "NodeDataChanged"],
] as const);

export class History {
  readonly #client: WireClient;
  readonly #events: { readonly type: number; readonly path: string }[] = [];

  /** How many events there were at the end of the last session. */
  #lastEnd = -1;

  private constructor(client: WireClient) {
    this.#client = client;
  }

  static async open(port: number, superuser: string): Promise<History> {
    const client = await WireClient.connect(port, { timeOut: 40_000 });
    await authenticate(client, superuser);
    await client.send("addWatch", { path: "/", mode: 1 });
    return new History(client);
  }

  /** How many events there were until now. */
  async length(): Promise<number> {
    await this.#client.send("ping", {});
    this.#events.push(...this.#client.events);
    this.#client.told.splice(0);
    return this.#events.length;
  }

  /** At the end of a session. */
  sessionEnded(): void {
    this.#lastEnd = this.#events.length;
  }

  /** Whether a session has ended since, whose ephemerals go in any order. */
  hasEndOfSession(since: number): boolean {
    return this.#lastEnd > since;
  }

  /** What watches of `scopes` would have been told since there were `since` events. */
  missed(since: number, scopes: readonly WatchScope[]): readonly string[] {
    return this.#events
      .slice(since)
      .flatMap(({ type, path }) => {
        const told = [{ type: eventTypes.get(type as 1) ?? "NodeDataChanged", path }] as const;
        const isOfParent = type === created || type === deleted;
        return isOfParent ? [...told, { type: "NodeChildrenChanged", path: parentOf(path) } as const] : told;
      })
      .filter((event) => scopes.some((scope) => concerns(scope, event)))
      .map(({ type, path }) => `${type} ${path}`);
  }

  destroy(): void {
    this.#client.destroy();
  }
}
