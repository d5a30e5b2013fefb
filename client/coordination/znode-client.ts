/**
 * Znodes as ZooKeeper's own clients have them: reads and watches of one client keep their order, so that an event is told
 * before any read answers what it announces.
 */
import type { CallerInput } from "../caller.ts";
import type { Command, CommandSender, SendOptions } from "../command.ts";
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
import { MultiReadCommand } from "../commands/multi-read-command.ts";
import type { MultiReadOutput, ReadOperation } from "../commands/multi-read-command.ts";
import { SetAclCommand } from "../commands/set-acl-command.ts";
import { SetDataCommand } from "../commands/set-data-command.ts";
import { isServiceException, StreamkeeperServiceException } from "../exceptions.ts";
import type { RecordBytes } from "../record-bytes.ts";
import type { Acl, CreateFields, Stat } from "../znode-answers.ts";
import type { ZnodeEvent } from "./change-feed.ts";
import type { Session } from "./session.ts";
import type { EventListener, Watch, WatchOptions } from "./watch.ts";
import { WatchHub } from "./watch-hub.ts";

export interface ZnodeClientOptions extends Omit<CallerInput, "session"> {
  /** Under which ephemerals are created and every request is made; with it the namespace and the proofs are the session's. */
  readonly session?: Session;
  /**
   * `linearizable` (default): a read answers what was acknowledged before it, to anyone. `session`: it is never older than
   * what this client has seen, and is served from memory where that allows it.
   */
  readonly consistency?: Consistency;
}

export type Consistency = "linearizable" | "session";

export interface ReadOptions extends SendOptions {
  /** In place of the client's. */
  readonly consistency?: Consistency;
}

export interface WatchedReadOptions extends ReadOptions {
  /** Told once, of the first change after what the read answers. */
  readonly watch?: EventListener;
  /** Told instead if the watch cannot go on; without it that is a warning of the process. */
  readonly watchFailed?: (error: Error) => void;
}

type Read<Output extends object> = Command<CallerInput, Output & { readonly zxid: number }>;

const dataEvents: readonly ZnodeEvent["type"][] = ["NodeCreated", "NodeDataChanged", "NodeDeleted"];
const childEvents: readonly ZnodeEvent["type"][] = ["NodeChildrenChanged", "NodeDeleted"];
/** Children of one page. */
const childrenPerPage = 1_000;
/** Times that `ensure` finds removed again what it has created. */
const ensureAttemptsMax = 10;

/** Close it when its watches are no longer needed; without watches there is nothing to close. */
export class ZnodeClient implements Disposable {
  readonly session: Session | undefined;
  readonly #sender: CommandSender;
  readonly #caller: CallerInput;
  readonly #consistency: Consistency;
  readonly #hub: WatchHub;
  #seenZxid = 0;

  constructor(client: CommandSender, options: ZnodeClientOptions = {}) {
    const { session, namespace, auth } = options;
    this.session = session;
    this.#sender = session ?? client;
    this.#caller = session === undefined ? { namespace, auth } : session.caller;
    this.#consistency = options.consistency ?? "linearizable";
    this.#hub = new WatchHub(this.#sender, this.#caller, session);
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
  async get(path: string, options: WatchedReadOptions = {}): Promise<GetZnodeOutput> {
    const answer = await this.#read(new GetZnodeCommand(this.#readOf(path, options)), options);
    this.#watchOnce(path, answer.zxid, dataEvents, options);
    return answer;
  }

  /** Undefined if there is no such znode; `watch` is then told of its creation. @throws StreamkeeperServiceException NO_AUTH */
  async exists(path: string, options: WatchedReadOptions = {}): Promise<Stat | undefined> {
    try {
      const { stat, zxid } = await this.#read(new ExistsZnodeCommand(this.#readOf(path, options)), options);
      this.#watchOnce(path, zxid, dataEvents, options);
      return stat;
    } catch (error) {
      if (!isServiceException(error, "NO_NODE")) throw error;
      const zxid = zxidOf(error);
      if (zxid !== undefined) this.#watchOnce(path, zxid, dataEvents, options);
      return undefined;
    }
  }

  /**
   * Names, in their order: all of them, or with `limit` the first.
   *
   * @throws StreamkeeperServiceException NO_NODE | NO_AUTH
   */
  async getChildren(
    path: string,
    options: WatchedReadOptions & { readonly limit?: number } = {},
  ): Promise<readonly string[]> {
    const { limit = Infinity } = options;
    const children: string[] = [];
    let nextToken: string | undefined;
    let firstZxid: number | undefined;
    do {
      const page = nextToken === undefined ? {} : { nextToken };
      const pageLimit = Math.min(childrenPerPage, limit - children.length);
      const input = { ...this.#readOf(path, options), limit: pageLimit, ...page };
      const answer = await this.#read(new GetChildrenCommand(input), options);
      children.push(...answer.children);
      firstZxid ??= answer.zxid;
      ({ nextToken } = answer);
    } while (nextToken !== undefined && children.length < limit);
    // From the first page on: a change between two pages is told as well.
    this.#watchOnce(path, firstZxid, childEvents, options);
    return children;
  }

  /** @throws StreamkeeperServiceException NO_NODE | NO_AUTH */
  getAcl(path: string, options: ReadOptions = {}): Promise<GetAclOutput> {
    return this.#read(new GetAclCommand(this.#readOf(path, options)), options);
  }

  /** All znodes below it. @throws StreamkeeperServiceException NO_NODE | NO_AUTH */
  async count(path: string, options: ReadOptions = {}): Promise<number> {
    return (await this.#read(new CountZnodesCommand(this.#readOf(path, options)), options)).count;
  }

  /** Several reads of one state of the tree, each with its own result or error. @throws StreamkeeperServiceException */
  multiRead(operations: readonly ReadOperation[], options: ReadOptions = {}): Promise<MultiReadOutput> {
    const { path: _, ...caller } = this.#readOf("/", options);
    return this.#read(new MultiReadCommand({ ...caller, operations }), options);
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

  /**
   * Creates the znode and those above it that are missing, all persistent; one that is there is left as it is.
   *
   * @throws StreamkeeperServiceException NO_AUTH | NO_CHILDREN_FOR_EPHEMERALS
   */
  async ensure(path: string, options?: SendOptions): Promise<void> {
    const above = ancestorsOf(path);
    let forbidden: Error | undefined;
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#createUnlessThere(path, options);
        return;
      } catch (error) {
        if (!isServiceException(error, "NO_NODE") || attempt === ensureAttemptsMax) throw error;
        if (forbidden !== undefined) throw forbidden;
      }
      for (const ancestor of above) {
        try {
          await this.#createUnlessThere(ancestor, options);
        } catch (error) {
          // What is above the paths that the caller is allowed may still be there.
          if (isForbiddenByGateway(error)) forbidden = error;
          // Someone removes what is being created: from the start.
          else if (!isServiceException(error, "NO_NODE")) throw error;
        }
      }
    }
  }

  /**
   * Watches a znode, or with `recursive` all below it, until the signal aborts or the watch is closed. Whatever this client
   * reads from now on is not older than where the watch begins.
   *
   * @throws StreamkeeperException if not even the beginning can be found
   */
  async watch(path: string, options: WatchOptions = {}): Promise<Watch> {
    const { since, signal } = options;
    if (since !== undefined) return this.#hub.open(path, since, false, options);
    const now = new GetChangesCommand({ ...this.#caller, path });
    const { zxid } = this.#saw(await this.#sender.send(now, signal === undefined ? {} : { abortSignal: signal }));
    return this.#hub.open(path, zxid, true, options);
  }

  /** Ends all watches. */
  close(): void {
    this.#hub.end();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #createUnlessThere(path: string, options: SendOptions | undefined): Promise<void> {
    try {
      // Not a create: by its URL that may be a sequential one, and is then not allowed at the root of a permission.
      await this.multi([{ type: "create", path }], options);
    } catch (error) {
      if (isServiceException(error, "NODE_EXISTS")) return;
      // Who may not create it may still use it.
      const mayBeThere = isServiceException(error, "NO_AUTH");
      if (!mayBeThere || (await this.exists(path, options)) === undefined) throw error;
    }
  }

  #readOf(path: string, options: ReadOptions): CallerInput & { readonly path: string; readonly minZxid?: number } {
    const isOwn = (options.consistency ?? this.#consistency) === "session";
    return { ...this.#caller, path, ...(isOwn ? { minZxid: this.#seenZxid } : {}) };
  }

  /** What a read answers, or is refused, once all events have been told that come before it. */
  async #read<Output extends object>(command: Read<Output>, options: ReadOptions): Promise<Output & WithZxid> {
    const { abortSignal } = options;
    try {
      const answer = await this.#sender.send(command, options);
      await this.#hub.reach(answer.zxid, abortSignal);
      return this.#saw(answer);
    } catch (error) {
      // That there is nothing is news as well.
      const zxid = zxidOf(error);
      if (zxid === undefined) throw error;
      await this.#hub.reach(zxid, abortSignal);
      this.#saw({ zxid });
      throw error;
    }
  }

  #watchOnce(
    path: string,
    since: number,
    types: readonly ZnodeEvent["type"][],
    { watch: listener, watchFailed: failed }: WatchedReadOptions,
  ): void {
    if (listener === undefined) return;
    const watch = this.#hub.open(path, since, true, {
      listener: (event) => {
        if (!types.includes(event.type)) return;
        watch.close();
        listener(event);
      },
      ...(failed === undefined ? {} : { failed }),
    });
  }

  #saw<Answer extends WithZxid>(answer: Answer): Answer {
    this.#seenZxid = Math.max(this.#seenZxid, answer.zxid);
    return answer;
  }
}

/** Refused before any function was called, so under another name than the service's own. */
function isForbiddenByGateway(error: unknown): error is StreamkeeperServiceException {
  return (
    error instanceof StreamkeeperServiceException &&
    error.$metadata.httpStatusCode === 403 &&
    !isServiceException(error, "NO_AUTH")
  );
}

interface WithZxid {
  readonly zxid: number;
}

/** Of the tree in which a read found nothing. */
function zxidOf(error: unknown): number | undefined {
  if (!(error instanceof StreamkeeperServiceException) || error.name === "OFFSET_OUT_OF_RANGE") return undefined;
  const { zxid } = error.details;
  return typeof zxid === "number" ? zxid : undefined;
}

/** `/a` and `/a/b` for `/a/b/c`. */
function ancestorsOf(path: string): readonly string[] {
  const names = path.split("/").slice(1, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}
