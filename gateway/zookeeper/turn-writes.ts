/**
 * Hands the writes of all connections that come together to the tree together, so that they are one append.
 *
 * Clients that were answered together ask again together, but what they send is read in several turns of the event loop:
 * writes wait as long as each turn brings more of them.
 */
import { gatheringTurnsMax } from "../../shared/limits/zookeeper-gateway.ts";
import type { NamespaceFollower } from "../../shared/services/namespace-follower.ts";
import type { TreeRequest } from "../../shared/tree/tree-request.ts";
import type { TreeWriteResult } from "../../shared/tree/tree.ts";

interface Waiting {
  readonly request: TreeRequest;
  readonly resolve: (result: Promise<TreeWriteResult>) => void;
}

export class TurnWrites {
  readonly #follower: Pick<NamespaceFollower, "write">;
  #waiting: Waiting[] = [];

  constructor(follower: Pick<NamespaceFollower, "write">) {
    this.#follower = follower;
  }

  /** In the order of calls; otherwise as the follower's. */
  write(request: TreeRequest): Promise<TreeWriteResult> {
    // The first of many would be an append of its own, which the others would wait for.
    if (this.#waiting.length === 0) setImmediate(() => this.#gather(0, gatheringTurnsMax - 1));
    return new Promise((resolve) => this.#waiting.push({ request, resolve }));
  }

  /** @param count writes that waited a turn ago */
  #gather(count: number, turns: number): void {
    const waiting = this.#waiting.length;
    if (turns > 0 && waiting > count) setImmediate(() => this.#gather(waiting, turns - 1));
    else this.#handOver();
  }

  #handOver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { request, resolve } of waiting) resolve(this.#follower.write(request));
  }
}
