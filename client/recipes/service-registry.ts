/** Who serves what, and where (Curator's ServiceDiscovery): an instance is there while its session is. */
import type { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";

const parent = "/services";

export interface ServiceInstance {
  readonly id: string;
  /** Whatever callers need: anything that JSON can hold. */
  readonly payload: unknown;
}

export class ServiceRegistry {
  readonly #znodes: ZnodeClient;

  constructor(znodes: ZnodeClient) {
    this.#znodes = znodes;
  }

  /** Until the session of the `ZnodeClient` ends, or what is answered is disposed of. @throws TypeError without a session */
  async register(service: string, { id, payload }: ServiceInstance): Promise<AsyncDisposable> {
    if (this.#znodes.session === undefined) throw new TypeError("registering needs a client with a session");
    const path = `${pathOf(service)}/${id}`;
    await this.#znodes.ensure(pathOf(service));
    await this.#znodes.create(path, { data: JSON.stringify(payload), mode: "ephemeral" });
    return {
      [Symbol.asyncDispose]: async () => {
        try {
          await this.#znodes.delete(path);
        } catch (error) {
          if (!isServiceException(error, "NO_NODE") && !isServiceException(error, "SESSION_EXPIRED")) throw error;
        }
      },
    };
  }

  /** The instances that are there now, by id. */
  async discover(service: string): Promise<readonly ServiceInstance[]> {
    const ids = await this.#ids(service);
    const found = await Promise.all(ids.map((id) => this.#read(service, id)));
    return found.filter((instance) => instance !== undefined);
  }

  /** The instances that are there now, and again whenever one comes, goes or changes. */
  async *watch(
    service: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<readonly ServiceInstance[], void, void> {
    await using watch = await this.#znodes.watch(pathOf(service), { ...options, recursive: true });
    for (;;) {
      yield await this.discover(service);
      if ((await watch.next()).done === true) return;
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

  /** Undefined if it went meanwhile. */
  async #read(service: string, id: string): Promise<ServiceInstance | undefined> {
    try {
      const { data } = await this.#znodes.get(`${pathOf(service)}/${id}`);
      return { id, payload: typeof data === "string" ? (JSON.parse(data) as unknown) : null };
    } catch (error) {
      if (isServiceException(error, "NO_NODE")) return undefined;
      throw error;
    }
  }
}

function pathOf(service: string): string {
  return `${parent}/${service}`;
}
