/**
 * Znodes as ZooKeeper's own clients have them: reads and watches of one client keep their order, so that an event is told
 * before any read answers what it announces.
 */
import type { CallerInput } from "../caller.ts";
import type { CommandSender, SendOptions } from "../command.ts";
import { CountZnodesCommand } from "../commands/count-znodes-command.ts";
import { CreateZnodeCommand } from "../commands/create-znode-command.ts";
import type { CreateZnodeOutput } from "../commands/create-znode-command.ts";
import { DeleteZnodeCommand } from "../commands/delete-znode-command.ts";
import { ExistsZnodeCommand } from "../commands/exists-znode-command.ts";
import { GetAclCommand } from "../commands/get-acl-command.ts";
import type { GetAclOutput } from "../commands/get-acl-command.ts";
import { GetChangesCommand } from "../commands/get-changes-command.ts";
import { GetChildrenCommand } from "../commands/get-children-command.ts";
import { GetZnodeCommand } from "../commands/get-znode-command.ts";
import type { GetZnodeOutput } from "../commands/get-znode-command.ts";
import { MultiCommand } from "../commands/multi-command.ts";
import type { MultiOperation, MultiOutput } from "../commands/multi-command.ts";
import { SetAclCommand } from "../commands/set-acl-command.ts";
import { SetDataCommand } from "../commands/set-data-command.ts";
import { isServiceException } from "../exceptions.ts";
import type { RecordBytes } from "../record-bytes.ts";
import type { Acl, CreateFields, Stat } from "../znode-answers.ts";
import type { Session } from "./session.ts";
import { type EventListener, Watch, type WatchOptions, type ZnodeEvent } from "./watch.ts";

export interface ZnodeClientOptions extends Omit<CallerInput, "session"> {
  /** Under which ephemerals are created and every request is made. */
  readonly session?: Session;
  /**
   * `linearizable` (default): a read answers what was acknowledged before it, to anyone. `session`: it is never older than
   * what this client has seen, and is served from memory where that allows it.
   */
  readonly consistency?: "linearizable" | "session";
}

export interface ReadOptions extends SendOptions {
  /** Told once, of the first change after what the read answers. */
  readonly watch?: EventListener;
}

const dataEvents: readonly ZnodeEvent["type"][] = ["NodeCreated", "NodeDataChanged", "NodeDeleted"];
const childEvents: readonly ZnodeEvent["type"][] = ["NodeChildrenChanged", "NodeDeleted"];
/** Children of one page. */
const childrenPerPage = 1_000;

export class ZnodeClient implements Disposable {
  readonly session: Session | undefined;
  readonly #sender: CommandSender;
  readonly #caller: CallerInput;
  readonly #consistency: "linearizable" | "session";
  readonly #watches = new Set<Watch>();
  #seenZxid = 0;

  constructor(client: CommandSender, options: ZnodeClientOptions = {}) {
    const { session, namespace, auth } = options;
    this.session = session;
    this.#sender = session ?? client;
    this.#caller = { namespace, auth, ...(session === undefined ? {} : session.caller) };
    this.#consistency = options.consistency ?? "linearizable";
  }

  /** The newest state of the tree that this client has heard of. */
  get seenZxid(): number {
    return this.#seenZxid;
  }

  /** @throws StreamkeeperServiceException NO_NODE | NODE_EXISTS | NO_AUTH | INVALID_ACL | NO_CHILDREN_FOR_EPHEMERALS */
  async create(path: string, fields: CreateFields = {}, options?: SendOptions): Promise<CreateZnodeOutput> {
    return this.#saw(await this.#sender.send(new CreateZnodeCommand({ ...this.#caller, path, ...fields }), options));
  }

  /** @throws StreamkeeperServiceException NO_NODE | NO_AUTH */
  async get(path: string, options: ReadOptions = {}): Promise<GetZnodeOutput> {
    const answer = await this.#sender.send(new GetZnodeCommand(this.#readOf(path)), options);
    return await this.#answered(path, answer, dataEvents, options);
  }

  /** Undefined if there is no such znode. @throws StreamkeeperServiceException NO_AUTH */
  async exists(path: string, options: ReadOptions = {}): Promise<Stat | undefined> {
    try {
      const answer = await this.#sender.send(new ExistsZnodeCommand(this.#readOf(path)), options);
      return (await this.#answered(path, answer, dataEvents, options)).stat;
    } catch (error) {
      if (!isServiceException(error, "NO_NODE")) throw error;
      const zxid = error.details["zxid"];
      if (typeof zxid === "number") await this.#answered(path, { zxid }, dataEvents, options);
      return undefined;
    }
  }

  /** All names, in their order. @throws StreamkeeperServiceException NO_NODE | NO_AUTH */
  async getChildren(path: string, options: ReadOptions = {}): Promise<readonly string[]> {
    const children: string[] = [];
    let nextToken: string | undefined;
    let firstZxid: number | undefined;
    do {
      const page = nextToken === undefined ? {} : { nextToken };
      const input = { ...this.#readOf(path), limit: childrenPerPage, ...page };
      const answer = await this.#sender.send(new GetChildrenCommand(input), options);
      children.push(...answer.children);
      firstZxid ??= answer.zxid;
      await this.#tellUpTo(path, answer.zxid);
      ({ nextToken } = answer);
    } while (nextToken !== undefined);
    // From the first page on: a change between two pages is told as well.
    await this.#answered(path, { zxid: firstZxid }, childEvents, options);
    return children;
  }

  /** @throws StreamkeeperServiceException NO_NODE | NO_AUTH */
  async getAcl(path: string, options: SendOptions = {}): Promise<GetAclOutput> {
    const answer = await this.#sender.send(new GetAclCommand(this.#readOf(path)), options);
    return await this.#answered(path, answer, dataEvents, {});
  }

  /** All znodes below it. @throws StreamkeeperServiceException NO_NODE | NO_AUTH */
  async count(path: string, options: SendOptions = {}): Promise<number> {
    const answer = await this.#sender.send(new CountZnodesCommand(this.#readOf(path)), options);
    return (await this.#answered(path, answer, dataEvents, {})).count;
  }

  /** @throws StreamkeeperServiceException NO_NODE | BAD_VERSION | NO_AUTH */
  async set(path: string, data: RecordBytes | null, version?: number, options?: SendOptions): Promise<Stat> {
    const command = new SetDataCommand({ ...this.#caller, path, data, version });
    return this.#saw(await this.#sender.send(command, options)).stat;
  }

  /** @throws StreamkeeperServiceException NO_NODE | BAD_VERSION | NO_AUTH | INVALID_ACL */
  async setAcl(path: string, acl: readonly Acl[], version?: number, options?: SendOptions): Promise<Stat> {
    const command = new SetAclCommand({ ...this.#caller, path, acl, version });
    return this.#saw(await this.#sender.send(command, options)).stat;
  }

  /** @throws StreamkeeperServiceException NO_NODE | BAD_VERSION | NOT_EMPTY | NO_AUTH */
  async delete(path: string, version?: number, options?: SendOptions): Promise<void> {
    this.#saw(await this.#sender.send(new DeleteZnodeCommand({ ...this.#caller, path, version }), options));
  }

  /** All or nothing, at one zxid. @throws StreamkeeperServiceException what the first operation that fails does */
  async multi(operations: readonly MultiOperation[], options?: SendOptions): Promise<MultiOutput> {
    return this.#saw(await this.#sender.send(new MultiCommand({ ...this.#caller, operations }), options));
  }

  /** Creates the znode and those above it that are missing, all persistent; one that is there is left as it is. */
  async ensure(path: string, options?: SendOptions): Promise<void> {
    try {
      await this.create(path, {}, options);
    } catch (error) {
      if (isServiceException(error, "NODE_EXISTS")) return;
      const parent = path.slice(0, path.lastIndexOf("/"));
      if (!isServiceException(error, "NO_NODE") || parent === "") throw error;
      await this.ensure(parent, options);
      await this.ensure(path, options);
    }
  }

  /**
   * Watches a znode, or with `recursive` all below it, until the signal aborts or the watch is closed.
   *
   * @throws StreamkeeperException if not even the beginning can be found
   */
  async watch(path: string, options: WatchOptions = {}): Promise<Watch> {
    const since = options.since ?? (await this.#now(path));
    return this.#open(path, since, options);
  }

  /** Ends all watches. */
  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#watches.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #now(path: string): Promise<number> {
    const { zxid } = await this.#sender.send(new GetChangesCommand({ ...this.#caller, path }));
    return zxid;
  }

  #open(path: string, since: number, options: WatchOptions): Watch {
    for (const watch of this.#watches) if (watch.closed) this.#watches.delete(watch);
    const watch = new Watch(this.#sender, this.#caller, path, since, options);
    this.#watches.add(watch);
    return watch;
  }

  #readOf(path: string): CallerInput & { readonly path: string; readonly minZxid?: number } {
    return { ...this.#caller, path, ...(this.#consistency === "session" ? { minZxid: this.#seenZxid } : {}) };
  }

  /** What a read answers, once everything that it reveals has been told; and the watch that was asked for with it. */
  async #answered<Answer extends { readonly zxid: number }>(
    path: string,
    answer: Answer,
    types: readonly ZnodeEvent["type"][],
    { watch }: ReadOptions,
  ): Promise<Answer> {
    await this.#tellUpTo(path, answer.zxid);
    if (watch !== undefined) this.#watchOnce(path, answer.zxid, types, watch);
    return this.#saw(answer);
  }

  async #tellUpTo(path: string, zxid: number): Promise<void> {
    const concerned = [...this.#watches].filter((watch) => !watch.closed && watch.concerns(path));
    await Promise.all(concerned.map((watch) => watch.reach(zxid)));
  }

  #watchOnce(path: string, since: number, types: readonly ZnodeEvent["type"][], listener: EventListener): void {
    const watch: Watch = this.#open(path, since, {
      listener: (event) => {
        if (watch.closed || !types.includes(event.type)) return;
        watch.close();
        this.#watches.delete(watch);
        listener(event);
      },
    });
  }

  #saw<Answer extends { readonly zxid: number }>(answer: Answer): Answer {
    this.#seenZxid = Math.max(this.#seenZxid, answer.zxid);
    return answer;
  }
}
