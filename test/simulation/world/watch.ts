import type { CallContext } from "../../../shared/services/coordination.ts";
import { TargetError, type TreeEvent, type TreeWatch } from "../../../verify/target.ts";
import type { Cluster } from "./cluster.ts";

const waitMs = 2_000;
const limit = 1_000;
const triesMax = 20;

interface Watched {
  readonly path: string;
  readonly sinceZxid: number;
  readonly listener: (event: TreeEvent) => void;
  readonly failed: (reason: Error) => void;
}

/** A cursor on the tree's changes; one pull at a time, so that nothing is told twice. */
export class ClusterWatch implements TreeWatch {
  readonly sinceZxid: number;
  readonly #cluster: Cluster;
  readonly #context: CallContext;
  readonly #watched: Watched;
  #cursor: number;
  #pulling: Promise<void> = Promise.resolve();
  #isOver = false;
  #failure: TargetError | undefined;

  constructor(cluster: Cluster, context: CallContext, watched: Watched) {
    this.#cluster = cluster;
    this.#context = context;
    this.#watched = watched;
    this.sinceZxid = watched.sinceZxid;
    this.#cursor = watched.sinceZxid;
    void this.#follow();
  }

  /** Until all up to there has been told. @throws TargetError */
  async reach(zxid: number): Promise<void> {
    for (let tries = 0; this.#cursor < zxid && !this.#isOver; tries += 1) {
      if (tries === triesMax) throw new TargetError("fail", "other", "the watch does not come so far");
      await this.#pull(0);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    this.#isOver = true;
  }

  /** Events may be lost from now on: what a read answers might be told before them. */
  fail(reason: TargetError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#failure = reason;
    this.#watched.failed(reason);
  }

  async #follow(): Promise<void> {
    while (!this.#isOver) await this.#pull(waitMs);
  }

  #pull(forMs: number): Promise<void> {
    this.#pulling = this.#pulling.then(() => this.#pullNow(forMs));
    return this.#pulling;
  }

  async #pullNow(forMs: number): Promise<void> {
    if (this.#isOver) return;
    const { path, listener } = this.#watched;
    const request = { since: this.#cursor, path, recursive: true, limit, waitMs: forMs };
    try {
      const answer = await this.#cluster.call(({ changes }) => changes.changes(this.#context, request), forMs);
      if (this.#isOver) return;
      for (const { type, path: changed, zxid } of answer.events) {
        // A recursive watch hears of each znode by itself.
        if (type !== "NodeChildrenChanged") listener({ type, path: changed, zxid });
      }
      this.#cursor = answer.zxid;
    } catch (error) {
      if (!(error instanceof TargetError)) throw error;
      const isGone = error.reason === "OFFSET_OUT_OF_RANGE" || error.code === "SESSION_EXPIRED";
      if (isGone) this.fail(error);
      else await this.#cluster.timers.sleep(100);
    }
  }
}
