import { StreamkeeperClient } from "../../client/streamkeeper-client.ts";
import type { StreamkeeperClientOptions } from "../../client/client-configuration.ts";
import type { LogTarget, TreeTarget, VerifyTarget } from "../../verify/target.ts";
import { HttpLogTarget } from "./http-log-target.ts";
import { HttpTreeTarget } from "./http-tree-target.ts";

/** A service behind its HTTP API, driven by the client library. */
export class HttpTarget implements VerifyTarget {
  readonly log: LogTarget;
  readonly tree: TreeTarget;
  readonly #client: StreamkeeperClient;

  constructor(client: StreamkeeperClient, options: { readonly deliveryTimeoutMs: number }) {
    this.#client = client;
    this.log = new HttpLogTarget(client, options);
    this.tree = new HttpTreeTarget(client);
  }

  static connect(options: StreamkeeperClientOptions, deliveryTimeoutMs: number): HttpTarget {
    return new HttpTarget(new StreamkeeperClient(options), { deliveryTimeoutMs });
  }

  close(): Promise<void> {
    this.#client.destroy();
    return Promise.resolve();
  }
}
