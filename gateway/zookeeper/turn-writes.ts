/** Hands the writes of all connections that came in one turn of the event loop to the tree together, so that they are one append. */
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
    if (this.#waiting.length === 0) setImmediate(() => this.#handOver());
    return new Promise((resolve) => this.#waiting.push({ request, resolve }));
  }

  #handOver(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { request, resolve } of waiting) resolve(this.#follower.write(request));
  }
}
