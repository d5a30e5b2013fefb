/** How large a tree is, looked at seldom: each look is at every znode. */
import { dataSizeFreshMs } from "../../shared/limits/zookeeper-gateway.ts";
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";

export class DataSize {
  readonly #nowMs: () => number;
  #lookedMs = -Infinity;
  #size = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** As it was at most `dataSizeFreshMs` ago. */
  of(tree: ZnodeTree | undefined): number {
    const nowMs = this.#nowMs();
    if (tree === undefined || nowMs - this.#lookedMs < dataSizeFreshMs) return this.#size;
    this.#lookedMs = nowMs;
    this.#size = tree.dataSize();
    return this.#size;
  }
}
