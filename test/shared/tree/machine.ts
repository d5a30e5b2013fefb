import { zxid } from "../../../shared/brand.ts";
import { applyTransaction } from "../../../shared/tree/apply.ts";
import { Overlay } from "../../../shared/tree/overlay.ts";
import { type Prepared, prepare } from "../../../shared/tree/prepare.ts";
import type { Operation, TreeRequest } from "../../../shared/tree/tree-request.ts";
import { ZnodeTree } from "../../../shared/tree/znode-tree.ts";

/** A tree, and requests carried out on it one after the other, as a lone writer would. */
export class Machine {
  readonly tree = ZnodeTree.initial();
  time = 1_000;

  run(...operations: readonly Operation[]): Prepared {
    return this.request({ operations });
  }

  request(request: TreeRequest): Prepared {
    const at = zxid(this.tree.lastZxid + 1);
    const prepared = prepare(new Overlay(this.tree), request, at, this.time);
    if (prepared.kind === "prepared") applyTransaction(this.tree, prepared.transaction, at, this.time);
    return prepared;
  }

  /** The error's name, or the path of the last creation, or "done". */
  outcome(...operations: readonly Operation[]): string {
    const prepared = this.run(...operations);
    if (prepared.kind !== "prepared") return prepared.refusal.code;
    const last = prepared.results.at(-1);
    return last?.kind === "create" ? last.path : "done";
  }
}
