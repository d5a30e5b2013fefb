import {
  CreateTopicCommand,
  DeleteTopicCommand,
  FetchBatchesCommand,
  ProduceBatchesCommand,
  StreamkeeperClient,
} from "../../client/index.ts";
import type { Services } from "../../shared/services/services.ts";
import { hostServices } from "../server/hosted-services.ts";
import { ServerProcess } from "../server/start-server.ts";

/** What one fetch brought. */
export interface Fetched {
  readonly bytes: number;
  readonly nextOffset: number;
  readonly highWatermark: number;
}

/** A way to the log. */
export interface Subject extends AsyncDisposable {
  /** Processor time so far of the process that holds the log, where that is another one. */
  readonly cpuMs?: () => Promise<number>;
  createTopic(topic: string, partitions: number): Promise<void>;
  deleteTopic(topic: string): Promise<void>;
  produce(topic: string, partition: number, batch: Uint8Array): Promise<void>;
  fetch(topic: string, partition: number, offset: number): Promise<Fetched>;
}

/** Most that one fetch asks for: the API's default. */
const fetchBytes = 1_048_576;
const namespace = "default";

/** Over HTTP, from this process to a server in another. */
export async function httpSubject(dataFolder: string): Promise<Subject> {
  const server = await ServerProcess.start({ dataFolder });
  const client = new StreamkeeperClient({ endpoint: server.url });
  return {
    cpuMs: async () => (await server.usage()).cpuMs,
    async createTopic(name, partitions) {
      await client.send(new CreateTopicCommand({ name, partitions }));
    },
    async deleteTopic(topic) {
      await client.send(new DeleteTopicCommand({ topic }));
    },
    async produce(topic, partition, batches) {
      await client.send(new ProduceBatchesCommand({ topic, partition, batches }));
    },
    async fetch(topic, partition, offset) {
      const input = { topic, partition, offset, maxBytes: fetchBytes };
      const { batches, nextOffset, highWatermark } = await client.send(new FetchBatchesCommand(input));
      return { bytes: batches.length, nextOffset, highWatermark };
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** The services called in this process, without HTTP. */
export async function inProcessSubject(dataFolder: string): Promise<Subject> {
  const hosted = await hostServices({ dataFolder });
  return { ...servicesSubject(hosted.services), [Symbol.asyncDispose]: () => hosted[Symbol.asyncDispose]() };
}

function servicesSubject(services: Services): Omit<Subject, typeof Symbol.asyncDispose> {
  return {
    async createTopic(name, partitions) {
      await services.topics.create(namespace, { name, partitions });
    },
    async deleteTopic(name) {
      await services.topics.delete(namespace, name);
    },
    async produce(topic, partition, bytes) {
      await services.produce.produceBatches({ namespace, topic, partition, bytes });
    },
    async fetch(topic, partition, offset) {
      const fetched = await services.fetch.fetchBatches({
        namespace,
        topic,
        partition,
        offset,
        maxBytes: fetchBytes,
        maxRecords: Number.MAX_SAFE_INTEGER,
        minBytes: 1,
        waitMs: 0,
        isolation: "read_uncommitted",
      });
      const { batches, nextOffset, highWatermark } = fetched;
      return { bytes: batches.reduce((sum, batch) => sum + batch.length, 0), nextOffset, highWatermark };
    },
  };
}
