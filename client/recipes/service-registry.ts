/** Who serves what, and where (Curator's ServiceDiscovery): an instance is there while its session is. */
import { DeleteZnodeCommand } from "../commands/delete-znode-command.ts";
import type { MultiOperation } from "../commands/multi-command.ts";
import type { Session } from "../coordination/session.ts";
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";
import { giveUp, Grant } from "./grant.ts";
import { readMany } from "./read-many.ts";
import type { WaitOptions } from "./wait-until.ts";

const parent = "/services";

export interface ServiceInstance {
  /** Part of a znode's name: no slashes. */
  readonly id: string;
  /** Whatever callers need: anything that JSON can hold. */
  readonly payload: unknown;
}

export class ServiceRegistry {
  readonly #znodes: ZnodeClient;

  constructor(znodes: ZnodeClient) {
    this.#znodes = znodes;
  }

  /**
   * An instance, until the session of the `ZnodeClient` ends or the registration is disposed of. It takes the place of an
   * earlier one with its id: of the process that ran before, whose session may take a while to end.
   *
   * @throws TypeError without a session
   * @throws SessionExpiredError | StreamkeeperException
   */
  async register(service: string, { id, payload }: ServiceInstance): Promise<Registration> {
    const { session } = this.#znodes;
    if (session === undefined) throw new TypeError("registering needs a client with a session");
    const path = `${pathOf(service)}/${id}`;
    await this.#znodes.ensure(pathOf(service));
    const create: MultiOperation = { type: "create", path, data: JSON.stringify(payload), mode: "ephemeral" };
    const fencingToken = await this.#replace(path, create);
    session.requireOpen();
    return new Registration(session, this.#znodes, path, fencingToken);
  }

  /** The instances that are there now, by id. */
  async discover(service: string): Promise<readonly ServiceInstance[]> {
    const ids = await this.#ids(service);
    const found = await readMany(
      this.#znodes,
      ids.map((id) => `${pathOf(service)}/${id}`),
    );
    return ids.flatMap((id, index) => {
      const znode = found[index];
      if (znode === undefined) return [];
      const { data } = znode;
      return [{ id, payload: typeof data === "string" ? (JSON.parse(data) as unknown) : null }];
    });
  }

  /** The instances that are there now, and again whenever one comes, goes or changes. Ends with the signal. */
  async *watch(service: string, { signal }: WaitOptions = {}): AsyncGenerator<readonly ServiceInstance[], void, void> {
    const watch = await this.#znodes.watch(pathOf(service), {
      recursive: true,
      whenLost: "resume",
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      do yield await this.discover(service);
      while (await watch.changed());
    } finally {
      watch.close();
    }
  }

  /** Answers the zxid. */
  async #replace(path: string, create: MultiOperation): Promise<number> {
    try {
      return (await this.#znodes.multi([create])).zxid;
    } catch (error) {
      if (!isServiceException(error, "NODE_EXISTS")) throw error;
    }
    try {
      return (await this.#znodes.multi([{ type: "delete", path }, create])).zxid;
    } catch (error) {
      // Its session has ended meanwhile.
      if (!isServiceException(error, "NO_NODE")) throw error;
      return (await this.#znodes.multi([create])).zxid;
    }
  }

  async #ids(service: string): Promise<readonly string[]> {
    try {
      return await this.#znodes.getChildren(pathOf(service));
    } catch (error) {
      if (isServiceException(error, "NO_NODE")) return [];
      throw error;
    }
  }
}

/** An instance while it is registered; its `signal` aborts when it may no longer be. */
export class Registration extends Grant {
  readonly #znodes: ZnodeClient;

  constructor(session: Session, znodes: ZnodeClient, path: string, fencingToken: number) {
    const granted = { path, fencingToken };
    super(session, granted, () => giveUp(session, new DeleteZnodeCommand({ ...session.caller, path })));
    this.#znodes = znodes;
  }

  /** Changes what callers find. @throws StreamkeeperServiceException FENCED | NO_NODE if another has taken its place */
  async update(payload: unknown): Promise<void> {
    const { path } = this;
    await this.#znodes.multi([this.fence, { type: "setData", path, data: JSON.stringify(payload) }]);
  }
}

function pathOf(service: string): string {
  return `${parent}/${service}`;
}
