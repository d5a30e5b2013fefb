/** The tree as workloads drive it, over the client library. */
import type { CommandSender } from "../../client/command.ts";
import { DeleteZnodeCommand } from "../../client/commands/delete-znode-command.ts";
import { Session } from "../../client/coordination/session.ts";
import { ZnodeClient } from "../../client/coordination/znode-client.ts";
import { isServiceException } from "../../client/exceptions.ts";
import type { HeldLock } from "../../client/recipes/lock.ts";
import { Lock } from "../../client/recipes/lock.ts";
import type { RecordBytes } from "../../client/record-bytes.ts";
import type { CreateMode as ClientCreateMode, Stat } from "../../client/znode-answers.ts";
import { TargetError } from "../../verify/target.ts";
import type {
  CreateMode,
  LockGrant,
  TreeEvent,
  TreeOperation,
  TreeSession,
  TreeSessionOptions,
  TreeStat,
  TreeTarget,
  TreeWatch,
} from "../../verify/target.ts";
import { CrashableSender } from "./crashable-sender.ts";
import { ObservedSender } from "./observed-sender.ts";
import { translated } from "./target-errors.ts";

/** One long poll of a watch. */
const watchWaitMs = 5_000;

const clientModes: Readonly<Record<CreateMode, ClientCreateMode>> = {
  persistent: "persistent",
  "persistent-sequential": "persistent_sequential",
  ephemeral: "ephemeral",
  "ephemeral-sequential": "ephemeral_sequential",
};

export class HttpTreeTarget implements TreeTarget {
  readonly #client: CommandSender;

  constructor(client: CommandSender) {
    this.#client = client;
  }

  async openSession({ timeoutMs, renewing }: TreeSessionOptions): Promise<TreeSession> {
    const sender = new CrashableSender(
      renewing === undefined ? this.#client : new ObservedSender(this.#client, renewing),
    );
    return new HttpTreeSession(sender, await translated(() => Session.open(sender, { timeoutMs })));
  }
}

class HttpTreeSession implements TreeSession {
  readonly #sender: CrashableSender;
  readonly #session: Session;
  readonly #znodes: ZnodeClient;

  constructor(sender: CrashableSender, session: Session) {
    this.#sender = sender;
    this.#session = session;
    this.#znodes = new ZnodeClient(sender, { session });
  }

  get id(): string {
    return this.#session.id;
  }

  get timeoutMs(): number {
    return this.#session.timeoutMs;
  }

  get isOpen(): boolean {
    return this.#session.state === "open";
  }

  async get(path: string): Promise<{ readonly data: string; readonly stat: TreeStat }> {
    const { data, stat } = await translated(() => this.#znodes.get(path));
    return { data: textOf(data), stat: statOf(stat) };
  }

  readonly getAll = async (
    paths: readonly string[],
  ): Promise<readonly ({ readonly data: string; readonly stat: TreeStat } | undefined)[]> => {
    const operations = paths.map((path) => ({ type: "getData" as const, path }));
    const { results } = await translated(() => this.#znodes.multiRead(operations));
    return results.map((result) => {
      if (result.type === "getData") return { data: textOf(result.data), stat: statOf(result.stat) };
      if (result.type === "error" && result.error === "NO_NODE") return undefined;
      throw new TargetError("fail", "other", `a read among several answered ${JSON.stringify(result)}`);
    });
  };

  async exists(path: string): Promise<TreeStat | undefined> {
    const stat = await translated(() => this.#znodes.exists(path));
    return stat === undefined ? undefined : statOf(stat);
  }

  async children(path: string): Promise<readonly string[]> {
    return await translated(() => this.#znodes.getChildren(path));
  }

  async set(path: string, data: string, version?: number): Promise<TreeStat> {
    return statOf(await translated(() => this.#znodes.set(path, data, version)));
  }

  async create(
    path: string,
    data: string,
    mode: CreateMode,
  ): Promise<{ readonly path: string; readonly zxid: number }> {
    const created = await translated(() => this.#znodes.create(path, { data, mode: clientModes[mode] }));
    return { path: created.path, zxid: created.zxid };
  }

  async delete(path: string, version?: number): Promise<number> {
    const command = new DeleteZnodeCommand({ ...this.#session.caller, path, version });
    return (await translated(() => this.#session.send(command))).zxid;
  }

  async multi(operations: readonly TreeOperation[]): Promise<number> {
    const ops = operations.map((operation) =>
      operation.type === "set" ? { ...operation, type: "setData" as const } : operation,
    );
    return (await translated(() => this.#znodes.multi(ops))).zxid;
  }

  async watch(path: string, listener: (event: TreeEvent) => void, failed: (reason: Error) => void): Promise<TreeWatch> {
    const options = { recursive: true, waitMs: watchWaitMs, listener, failed };
    const watch = await translated(() => this.#znodes.watch(path, options));
    return { sinceZxid: watch.cursor, close: () => watch.close() };
  }

  async acquireLock(name: string, waitMs: number): Promise<LockGrant | undefined> {
    const lock = new Lock(this.#session, name);
    const over = AbortSignal.timeout(waitMs);
    return await translated(async () => {
      try {
        return new HttpLockGrant(this.#znodes, await lock.acquire({ signal: over }));
      } catch (error) {
        if (over.aborted && this.isOpen) return undefined;
        throw error;
      }
    });
  }

  crash(): void {
    this.#sender.crash();
    this.#znodes.close();
    // It cannot say goodbye any more: this only ends its timers.
    this.#session.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#znodes.close();
    await translated(() => this.#session.close());
  }
}

class HttpLockGrant implements LockGrant {
  readonly #znodes: ZnodeClient;
  readonly #held: HeldLock;
  #isReleased = false;

  constructor(znodes: ZnodeClient, held: HeldLock) {
    this.#znodes = znodes;
    this.#held = held;
  }

  get fencingToken(): number {
    return this.#held.fencingToken;
  }

  onLost(listener: () => void): void {
    const { signal } = this.#held;
    if (signal.aborted) listener();
    else signal.addEventListener("abort", () => !this.#isReleased && listener(), { once: true });
  }

  async guardedSet(path: string, data: string): Promise<number> {
    return await translated(async () => {
      const { results } = await this.#znodes.multi([this.#held.fence, { type: "setData", path, data }]);
      const version = results[1]?.stat?.version;
      if (version === undefined) throw new TargetError("info", "CORRUPT", "a write was answered without its stat");
      return version;
    });
  }

  async release(): Promise<void> {
    this.#isReleased = true;
    await translated(async () => {
      try {
        await this.#held.release();
      } catch (error) {
        if (!isServiceException(error, "NO_NODE")) throw error;
      }
    });
  }
}

function textOf(data: RecordBytes | null): string {
  return typeof data === "string" ? data : new TextDecoder().decode(data ?? new Uint8Array());
}

function statOf({ czxid, mzxid, version, ephemeralOwner }: Stat): TreeStat {
  return { czxid, mzxid, version, ephemeralOwner: ephemeralOwner === "0" ? undefined : ephemeralOwner };
}
