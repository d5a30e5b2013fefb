/** Hints: who listens to the logs that have grown, what concerns them, and one message for each connection. */
import type { Hint, HintMessage } from "../api/push-messages.ts";
import { zxid } from "../brand.ts";
import {
  hintsPerMessageMax,
  postsAtOnce,
  subscribersCacheLogsMax,
  subscribersPageItems,
  subscribersPerLogMax,
} from "../limits/push.ts";
import { type Instant, instantOf, isFresh } from "../log/evidence.ts";
import { treeLogId } from "../log/log-id.ts";
import type { Connections } from "../storage/connections.ts";
import { subscribersPartition } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import { readChanges } from "../tree/read-changes.ts";
import { isPathSubscriber, type PathSubscriber, PathSubscribers } from "./path-subscribers.ts";
import { type Subscriber, subscriberOf } from "./push-items.ts";
import { forgetConnection } from "./push-subscriptions.ts";
import type { GrownLog, HintService, HintsSent } from "./push.ts";
import type { TreeRegistry } from "./tree-registry.ts";

export interface HintNeeds {
  readonly trees: TreeRegistry;
  readonly connections: Connections;
  /** How long who listens to a log is known without asking; 0: it is asked each time. */
  readonly subscribersCacheMs: number;
}

interface Known {
  readonly at: Instant;
  readonly subscribers: readonly Subscriber[];
}

interface Addressed {
  readonly connectionId: string;
  readonly hint: Hint;
}

export class Hints implements HintService {
  readonly #storage: Storage;
  readonly #needs: HintNeeds;
  /** Least recently read first. */
  readonly #known = new Map<string, Known>();

  constructor(storage: Storage, needs: HintNeeds) {
    this.#storage = storage;
    this.#needs = needs;
  }

  async notify(grown: readonly GrownLog[]): Promise<HintsSent> {
    const addressed: Addressed[] = [];
    for (const log of grown) addressed.push(...(await this.#hintsOf(log)));
    return await this.#post(addressed);
  }

  async #hintsOf(log: GrownLog): Promise<readonly Addressed[]> {
    const subscribers = await this.#subscribers(log.logId);
    const hints: Addressed[] = [];
    for (const { connectionId, target } of subscribers) {
      if (target.kind !== "partition") continue;
      const { namespace, topic, partition } = target;
      hints.push({ connectionId, hint: { type: "partition", namespace, topic, partition, offset: log.last } });
    }
    const watchers = subscribers.filter(isPathSubscriber);
    if (watchers.length > 0) hints.push(...(await this.#pathHints(log, watchers)));
    return hints;
  }

  /** @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError | StorageCorruptError */
  async #pathHints(
    { logId, first, last }: GrownLog,
    watchers: readonly PathSubscriber[],
  ): Promise<readonly Addressed[]> {
    const namespace = logId.slice(treeLogId("").length);
    const followed = this.#needs.trees.tree(namespace);
    const tree = await followed.readAtLeast(zxid(last));
    const { lastZxid } = tree;
    const since = Math.min(Math.max(0, first - 1), lastZxid);
    const changes = await readChanges(this.#storage, followed, zxid(since), lastZxid);
    // Too long ago to be worth a hint: whoever waits asks by itself before.
    if (changes.kind === "too old") return [];
    const concerned = new PathSubscribers(watchers).concerned(changes.changes, tree);
    return [...concerned].map(([{ connectionId, target }, at]) => {
      const { path, recursive } = target;
      return { connectionId, hint: { type: "path", namespace, path, recursive, zxid: at } };
    });
  }

  async #subscribers(logId: string): Promise<readonly Subscriber[]> {
    const { subscribersCacheMs } = this.#needs;
    const now = instantOf(this.#storage.clock);
    const known = this.#known.get(logId);
    if (known !== undefined && isFresh(known.at, now, subscribersCacheMs)) return known.subscribers;
    this.#known.delete(logId);
    const subscribers = await this.#read(logId, now.wallMs);
    if (subscribersCacheMs > 0) this.#keep(logId, { at: now, subscribers });
    return subscribers;
  }

  async #read(logId: string, nowMs: number): Promise<readonly Subscriber[]> {
    const subscribers: Subscriber[] = [];
    let after: string | undefined;
    for (let read = 0; read < subscribersPerLogMax; read += subscribersPageItems) {
      const page = await this.#storage.items.query(subscribersPartition(logId), {
        limit: subscribersPageItems,
        ...(after === undefined ? {} : { after }),
      });
      subscribers.push(...page.items.map(subscriberOf).filter(({ untilMs }) => untilMs > nowMs));
      after = page.next;
      if (after === undefined) break;
    }
    return subscribers;
  }

  #keep(logId: string, known: Known): void {
    this.#known.set(logId, known);
    if (this.#known.size <= subscribersCacheLogsMax) return;
    for (const oldest of this.#known.keys()) {
      this.#known.delete(oldest);
      return;
    }
  }

  async #post(addressed: readonly Addressed[]): Promise<HintsSent> {
    const byConnection = new Map<string, Map<string, Hint>>();
    for (const { connectionId, hint } of addressed) {
      const hints = byConnection.get(connectionId) ?? new Map<string, Hint>();
      byConnection.set(connectionId, hints.set(nameOf(hint), hint));
    }
    const sent = { posted: 0, gone: 0, failed: 0 };
    const waiting = [...byConnection];
    const postInTurn = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const [connectionId, hints] = next;
        sent[await this.#postTo(connectionId, [...hints.values()])] += 1;
      }
    };
    await Promise.all(Array.from({ length: Math.min(postsAtOnce, waiting.length) }, postInTurn));
    return sent;
  }

  /** One connection that cannot be reached keeps no hint from the others. */
  async #postTo(connectionId: string, hints: readonly Hint[]): Promise<keyof HintsSent> {
    try {
      for (let start = 0; start < hints.length; start += hintsPerMessageMax) {
        const message: HintMessage = { type: "hints", hints: hints.slice(start, start + hintsPerMessageMax) };
        if ((await this.#needs.connections.post(connectionId, JSON.stringify(message))) === "posted") continue;
        this.#drop(connectionId);
        await forgetConnection(this.#storage, connectionId);
        return "gone";
      }
      return "posted";
    } catch {
      // Whoever waits for it asks by itself after a while.
      return "failed";
    }
  }

  #drop(connectionId: string): void {
    for (const [logId, { at, subscribers }] of this.#known) {
      if (!subscribers.some((subscriber) => subscriber.connectionId === connectionId)) continue;
      this.#known.set(logId, { at, subscribers: subscribers.filter((one) => one.connectionId !== connectionId) });
    }
  }
}

/** The same for two hints of which the later one will do; a connection may have subscribed twice. */
function nameOf(hint: Hint): string {
  return hint.type === "partition"
    ? `partition ${hint.namespace} ${hint.topic} ${hint.partition}`
    : `path ${hint.namespace} ${hint.recursive} ${hint.path}`;
}
