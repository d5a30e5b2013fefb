/** The gateway for ZooKeeper's protocol over the memory store, on a port, with one client that does nothing wrong. */
import { type RunningZooKeeperGateway, startZooKeeperGateway } from "../../../gateway/zookeeper/zookeeper-gateway.ts";
import type { OperationName, RequestOf } from "../../../gateway/zookeeper/protocol/operations.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { SeededRandom } from "../../../shared/storage/memory/seeded-random.ts";
import { createNodeEnvironment } from "../../../shared/storage/node/node-environment.ts";
import { type Reply, WireClient } from "../../gateway/zookeeper/wire-client.ts";
import { FuzzFailure } from "../target.ts";

const answerMsMax = 10_000;
const releaseMsMax = 5_000;
const lookMs = 5;
const credentials = new TextEncoder().encode("healthy:secret");
/** Nobody else's: it cannot be changed, nor removed while it has a child. */
const ownAcl = [{ permissions: 31, scheme: "auth", id: "" }];
const noData = new Uint8Array();

export class ZooKeeperWorld implements AsyncDisposable {
  readonly #memory: MemoryStorage;
  readonly #gateway: RunningZooKeeperGateway;
  readonly #problems: string[];
  readonly #healthy: WireClient;
  #asked = 0;
  /** One after the other. */
  #checking = Promise.resolve();

  private constructor(
    memory: MemoryStorage,
    gateway: RunningZooKeeperGateway,
    problems: string[],
    healthy: WireClient,
  ) {
    this.#memory = memory;
    this.#gateway = gateway;
    this.#problems = problems;
    this.#healthy = healthy;
  }

  static async begin(seed: number): Promise<ZooKeeperWorld> {
    const memory = createMemoryStorage({ wallMs: () => Date.now() });
    const storage = { ...memory.storage, ...createNodeEnvironment(), random: new SeededRandom(seed) };
    const problems: string[] = [];
    const gateway = await startZooKeeperGateway({
      services: createServices(storage),
      storage,
      namespace: "default",
      host: "127.0.0.1",
      port: 0,
      log: (level, event, fields) => {
        if (level === "ERROR") problems.push(`${event}: ${String(fields["cause"])}`);
      },
    });
    const healthy = await WireClient.connect(gateway.port, { timeOut: 40_000 });
    const world = new ZooKeeperWorld(memory, gateway, problems, healthy);
    await world.#ask("auth", { type: 0, scheme: "digest", auth: credentials });
    await world.#ask("create", { path: "/healthy", data: noData, acl: ownAcl, flags: 0 });
    await world.#ask("create", { path: "/healthy/count", data: noData, acl: ownAcl, flags: 0 });
    return world;
  }

  get port(): number {
    return this.#gateway.port;
  }

  /** The client that does nothing wrong is answered, and told of what it watches. @throws FuzzFailure */
  checkAlive(): Promise<void> {
    this.#checking = this.#checking.then(() => this.#checkAlive());
    return this.#checking;
  }

  async #checkAlive(): Promise<void> {
    const path = "/healthy/count";
    const told = this.#healthy.told.length;
    this.#asked += 1;
    const data = new TextEncoder().encode(String(this.#asked));
    const [, set, got] = await Promise.all([
      this.#ask("exists", { path, watch: true }),
      this.#ask("setData", { path, data, version: -1 }),
      this.#ask("getData", { path, watch: false }),
    ]);
    if (set.body?.stat.version !== this.#asked) throw new FuzzFailure(`version ${set.body?.stat.version}`);
    if (Buffer.compare(got.body?.data ?? noData, data) !== 0) throw new FuzzFailure("other data than were set");
    const events = this.#healthy.told.slice(told).filter(({ kind }) => kind === "event");
    if (events.length !== 1) throw new FuzzFailure(`${events.length} events of one change`);
    this.checkLog();
  }

  /** @throws FuzzFailure if the gateway says that it failed */
  checkLog(): void {
    const [problem] = this.#problems;
    if (problem !== undefined) throw new FuzzFailure(problem);
  }

  /** Nothing is held for connections that are gone. @throws FuzzFailure */
  async checkReleased(): Promise<void> {
    const untilMs = performance.now() + releaseMsMax;
    for (;;) {
      const { connections, watchers, waitingBytes, requestBytes, answerBytes, writes } = this.#gateway.held();
      const others = connections - 1 + watchers + waitingBytes + requestBytes + answerBytes + writes;
      if (others === 0) return;
      if (performance.now() > untilMs) throw new FuzzFailure(`held: ${JSON.stringify(this.#gateway.held())}`);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#healthy.destroy();
    await this.#gateway.close();
    await this.#memory.close();
  }

  async #ask<Name extends OperationName>(name: Name, body: RequestOf<Name>): Promise<Reply<Name>> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new FuzzFailure(`${name} is not answered`)), answerMsMax);
    try {
      const reply = await Promise.race([this.#healthy.send(name, body), late]);
      if (reply.err !== 0) throw new FuzzFailure(`${name} is answered with ${reply.err}`);
      return reply;
    } catch (error) {
      if (error instanceof FuzzFailure) throw error;
      throw new FuzzFailure(`${name} of the client that does nothing wrong failed`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}
