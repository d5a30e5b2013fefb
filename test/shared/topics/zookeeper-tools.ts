/** What Kafka's tools with `--zookeeper` write, as `AdminZkClient` and `KafkaZkClient` of Kafka 2.x do it. */
import { ServiceError } from "../../../shared/api/errors.ts";
import type { Services } from "../../../shared/services/services.ts";

type Lists = Readonly<Record<string, readonly number[]>>;

export class ZooKeeperTools {
  readonly #services: Pick<Services, "znodes">;
  readonly #context: { readonly namespace: string; readonly identities: readonly [] };

  constructor(services: Pick<Services, "znodes">, namespace: string) {
    this.#services = services;
    this.#context = { namespace, identities: [] };
  }

  /** The configuration comes first. @param topicId from Kafka 2.8 on */
  async createTopic(name: string, partitions: Lists, config: Readonly<Record<string, string>> = {}, topicId?: string) {
    await this.#setOrCreate(`/config/topics/${name}`, { version: 1, config });
    await this.#createRecursive(`/brokers/topics/${name}`, this.assignment(partitions, topicId));
  }

  async addPartitions(name: string, partitions: Lists, topicId?: string): Promise<void> {
    await this.#set(`/brokers/topics/${name}`, this.assignment(partitions, topicId));
  }

  async setConfig(name: string, config: Readonly<Record<string, string>>): Promise<void> {
    await this.#setOrCreate(`/config/topics/${name}`, { version: 1, config });
    const path = "/config/changes/config_change_";
    const data = bytesOf({ version: 2, entity_path: `topics/${name}` });
    await this.#services.znodes.create(this.#context, { path, data, mode: "persistent_sequential" });
  }

  async deleteTopic(name: string): Promise<void> {
    await this.#createRecursive(`/admin/delete_topics/${name}`, null);
  }

  /** Undefined where nothing stands. */
  async read(path: string): Promise<unknown> {
    try {
      const { data } = await this.#services.znodes.getData(this.#context, path);
      return data === null || data.length === 0 ? null : JSON.parse(new TextDecoder().decode(data));
    } catch (error) {
      if (error instanceof ServiceError && error.code === "NO_NODE") return undefined;
      throw error;
    }
  }

  assignment(partitions: Lists, topicId?: string): object {
    if (topicId === undefined) return { version: 2, partitions, adding_replicas: {}, removing_replicas: {} };
    return { version: 3, partitions, adding_replicas: {}, removing_replicas: {}, topic_id: topicId };
  }

  async #set(path: string, value: object): Promise<void> {
    await this.#services.znodes.setData(this.#context, { path, data: bytesOf(value), version: -1 });
  }

  async #setOrCreate(path: string, value: object): Promise<void> {
    try {
      await this.#set(path, value);
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === "NO_NODE")) throw error;
      await this.#createRecursive(path, value);
    }
  }

  async #createRecursive(path: string, value: object | null): Promise<void> {
    const data = value === null ? null : bytesOf(value);
    try {
      await this.#services.znodes.create(this.#context, { path, data, mode: "persistent" });
    } catch (error) {
      if (!(error instanceof ServiceError && error.code === "NO_NODE")) throw error;
      await this.#createRecursive(path.slice(0, path.lastIndexOf("/")), null);
      await this.#services.znodes.create(this.#context, { path, data, mode: "persistent" });
    }
  }
}

function bytesOf(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
