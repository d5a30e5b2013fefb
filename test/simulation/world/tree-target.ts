/** The tree of a cluster, for the workloads. */
import { ServiceError } from "../../../shared/api/errors.ts";
import type { CallContext, MultiOperation, SessionCredentials } from "../../../shared/services/coordination.ts";
import type { Services } from "../../../shared/services/services.ts";
import type { SeededRandom } from "../../../shared/storage/memory/seeded-random.ts";
import type { Stat } from "../../../shared/tree/stat.ts";
import {
  type CreateMode,
  type LockGrant,
  TargetError,
  type TreeEvent,
  type TreeOperation,
  type TreeSession,
  type TreeSessionOptions,
  type TreeStat,
  type TreeTarget,
  type TreeWatch,
} from "../../../verify/target.ts";
import type { Cluster } from "./cluster.ts";
import { namespace } from "./records.ts";
import { clientLost } from "./target-errors.ts";
import { ClusterWatch } from "./watch.ts";

const utf8 = new TextEncoder();
const text = new TextDecoder();
const beatsPerTimeout = 3;
const childrenMax = 1_000;

const modes = {
  persistent: "persistent",
  "persistent-sequential": "persistent_sequential",
  ephemeral: "ephemeral",
  "ephemeral-sequential": "ephemeral_sequential",
} as const;

export class ClusterTree implements TreeTarget {
  readonly #cluster: Cluster;
  readonly #random: SeededRandom;

  constructor(cluster: Cluster, random: SeededRandom) {
    this.#cluster = cluster;
    this.#random = random;
  }

  async openSession(options: TreeSessionOptions): Promise<TreeSession> {
    const sentAtMs = this.#cluster.nowMs;
    const { timeoutMs } = options;
    const opened = await this.#cluster.insist(({ sessions }) => sessions.create(namespace, { timeoutMs }));
    return new ClusterSession(this.#cluster, this.#random, { ...opened, sentAtMs, renewing: options.renewing });
  }
}

interface Opened extends SessionCredentials {
  readonly timeoutMs: number;
  readonly sentAtMs: number;
  readonly renewing: TreeSessionOptions["renewing"];
}

class ClusterSession implements TreeSession {
  readonly id: string;
  readonly timeoutMs: number;
  readonly #cluster: Cluster;
  readonly #random: SeededRandom;
  readonly #opened: Opened;
  readonly #context: CallContext;
  readonly #watches = new Set<ClusterWatch>();
  readonly #lost: (() => void)[] = [];
  #state: "open" | "closed" | "expired" | "crashed" = "open";
  #openUntilMs: number;

  constructor(cluster: Cluster, random: SeededRandom, opened: Opened) {
    this.#cluster = cluster;
    this.#random = random;
    this.#opened = opened;
    this.id = String(opened.sessionId);
    this.timeoutMs = opened.timeoutMs;
    const { sessionId, password } = opened;
    this.#context = { namespace, identities: [], session: { sessionId, password } };
    this.#openUntilMs = opened.sentAtMs + opened.timeoutMs;
    void this.#beats();
  }

  get isOpen(): boolean {
    return this.#state === "open" && this.#cluster.nowMs < this.#openUntilMs;
  }

  async get(path: string): Promise<{ readonly data: string; readonly stat: TreeStat }> {
    const found = await this.#read(({ znodes }) => znodes.getData(this.#context, path));
    return { data: text.decode(found.data ?? undefined), stat: statOf(found.stat) };
  }

  readonly getAll = async (
    paths: readonly string[],
  ): Promise<readonly ({ readonly data: string; readonly stat: TreeStat } | undefined)[]> => {
    const operations = paths.map((path) => ({ kind: "getData", path }) as const);
    const { results } = await this.#read(({ znodes }) => znodes.multiRead(this.#context, operations));
    return results.map((result) =>
      result.kind === "getData"
        ? { data: text.decode(result.data ?? undefined), stat: statOf(result.stat) }
        : undefined,
    );
  };

  async exists(path: string): Promise<TreeStat | undefined> {
    try {
      return statOf((await this.#read(({ znodes }) => znodes.exists(this.#context, path))).stat);
    } catch (error) {
      if (error instanceof TargetError && error.code === "NO_NODE") return undefined;
      throw error;
    }
  }

  async children(path: string): Promise<readonly string[]> {
    const all: string[] = [];
    for (let nextToken: string | undefined; ;) {
      const page = { limit: childrenMax, ...(nextToken === undefined ? {} : { nextToken }) };
      const found = await this.#read(({ znodes }) => znodes.getChildren(this.#context, path, page));
      all.push(...found.children);
      ({ nextToken } = found);
      if (nextToken === undefined) return all;
    }
  }

  async set(path: string, data: string, version = -1): Promise<TreeStat> {
    const request = { path, data: utf8.encode(data), version, idempotencyKey: this.#random.id() };
    return statOf((await this.#write(({ znodes }) => znodes.setData(this.#context, request))).stat);
  }

  async create(path: string, data: string, mode: CreateMode): Promise<{ path: string; zxid: number }> {
    const request = { path, data: utf8.encode(data), mode: modes[mode], idempotencyKey: this.#random.id() };
    return await this.#write(({ znodes }) => znodes.create(this.#context, request));
  }

  async delete(path: string, version = -1): Promise<number> {
    const request = { path, version, idempotencyKey: this.#random.id() };
    return (await this.#write(({ znodes }) => znodes.delete(this.#context, request))).zxid;
  }

  async multi(operations: readonly TreeOperation[]): Promise<number> {
    return (await this.#multi(operations.map(multiOperationOf))).zxid;
  }

  async watch(path: string, listener: (event: TreeEvent) => void, failed: (reason: Error) => void): Promise<TreeWatch> {
    const request = { path, recursive: true, limit: 1_000, waitMs: 0 };
    const { zxid } = await this.#read(({ changes }) => changes.changes(this.#context, request));
    const watch = new ClusterWatch(this.#cluster, this.#context, { path, sinceZxid: zxid, listener, failed });
    this.#watches.add(watch);
    return watch;
  }

  async acquireLock(name: string, waitMs: number): Promise<LockGrant | undefined> {
    const contenderId = this.#random.id();
    const request = { contenderId, mode: "write", waitMs } as const;
    const granted = await this.#write(({ locks }) => locks.acquire(this.#context, name, request), waitMs);
    const { acquired, path, fencingToken } = granted;
    if (!acquired || path === undefined || fencingToken === undefined) return undefined;
    let isReleased = false;
    return {
      fencingToken,
      onLost: (listener) => {
        const tell = (): void => (isReleased ? undefined : listener());
        if (this.isOpen) this.#lost.push(tell);
        else tell();
      },
      guardedSet: async (guarded, data) => {
        const fence = { kind: "fence", path, czxid: fencingToken } as const;
        const set = { kind: "setData", path: guarded, data: utf8.encode(data), version: -1 } as const;
        const { results } = await this.#multi([fence, set]);
        const done = results[1];
        if (done?.kind === "setData") return done.stat.version;
        throw new TargetError("info", "CORRUPT", "a write was answered without its stat");
      },
      release: async () => {
        isReleased = true;
        await this.#write(async ({ locks }) => {
          await locks.release(this.#context, name, { contenderId }).catch((cause: unknown) => {
            if (!(cause instanceof ServiceError && cause.code === "NO_NODE")) throw cause;
          });
        });
      },
    };
  }

  crash(): void {
    this.#end("crashed");
  }

  async close(): Promise<void> {
    if (this.#state !== "open") throw clientLost();
    this.#end("closed");
    await this.#cluster.insist(({ sessions }) => sessions.close(namespace, this.#opened));
  }

  #multi(operations: readonly MultiOperation[]): ReturnType<Services["znodes"]["multi"]> {
    const request = { operations, idempotencyKey: this.#random.id() };
    return this.#write(({ znodes }) => znodes.multi(this.#context, request));
  }

  /** Whatever it answers, this session's watches have told before. */
  async #read<Answer extends { readonly zxid: number }>(act: (services: Services) => Promise<Answer>): Promise<Answer> {
    const answer = await this.#write(act);
    for (const watch of this.#watches) await watch.reach(answer.zxid);
    return answer;
  }

  async #write<Answer>(act: (services: Services) => Promise<Answer>, waitMs = 0): Promise<Answer> {
    if (this.#state === "crashed" || this.#state === "closed") throw clientLost();
    try {
      return await this.#cluster.insist(act, waitMs);
    } catch (error) {
      if (error instanceof TargetError && error.code === "SESSION_EXPIRED") this.#end("expired");
      throw error;
    }
  }

  async #beats(): Promise<void> {
    while (this.#state === "open") {
      await this.#cluster.timers.sleep(this.timeoutMs / beatsPerTimeout);
      if (this.#state !== "open") return;
      if (!this.isOpen) return this.#end("expired");
      void this.#beat();
    }
  }

  async #beat(): Promise<void> {
    const sentAtMs = this.#cluster.nowMs;
    const done = this.#opened.renewing?.();
    try {
      await this.#cluster.call(({ sessions }) => sessions.heartbeat(namespace, this.#opened));
      this.#openUntilMs = Math.max(this.#openUntilMs, sentAtMs + this.timeoutMs);
      done?.("ok");
    } catch (error) {
      if (error instanceof TargetError && error.code === "SESSION_EXPIRED") this.#end("expired");
      done?.(error instanceof TargetError ? error.outcome : "info");
    }
  }

  #end(state: "closed" | "expired" | "crashed"): void {
    if (this.#state !== "open") return;
    this.#state = state;
    const ended = new TargetError("fail", "SESSION_EXPIRED", `the session is ${state}`);
    for (const watch of this.#watches) watch.fail(ended);
    for (const tell of this.#lost.splice(0)) tell();
  }
}

function multiOperationOf(operation: TreeOperation): MultiOperation {
  const { path } = operation;
  switch (operation.type) {
    case "create":
      return { kind: "create", path, data: utf8.encode(operation.data), mode: "persistent" };
    case "set":
      return { kind: "setData", path, data: utf8.encode(operation.data), version: operation.version ?? -1 };
    case "delete":
      return { kind: "delete", path, version: operation.version ?? -1 };
    case "check":
      return { kind: "check", path, version: operation.version };
  }
}

function statOf({ czxid, mzxid, version, ephemeralOwner }: Stat): TreeStat {
  const owner = ephemeralOwner === 0n ? undefined : String(ephemeralOwner);
  return { czxid, mzxid, version, ephemeralOwner: owner };
}
