import type { CommandSender } from "../../client/command.ts";
import type { LogTarget, TreeTarget, VerifyTarget } from "../../verify/target.ts";
import { HttpLogTarget } from "./http-log-target.ts";
import { HttpTreeTarget } from "./http-tree-target.ts";

/** A service behind its HTTP API, driven by the client library. */
export class HttpTarget implements VerifyTarget {
  readonly log: LogTarget;
  readonly tree: TreeTarget;

  /** @param deliveryTimeoutMs after so long without success a write is given up */
  constructor(client: CommandSender, deliveryTimeoutMs: number) {
    this.log = new HttpLogTarget(client, { deliveryTimeoutMs });
    this.tree = new HttpTreeTarget(client);
  }
}
