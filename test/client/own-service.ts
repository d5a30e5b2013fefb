/** A service in this process for all tests of a file, over HTTP and in real time. */
import { afterAll } from "vitest";
import { CreateTopicCommand, StreamkeeperClient } from "../../client/index.ts";
import { startOwnServer } from "../../local/demo/own-server.ts";

export interface OwnService {
  readonly url: string;
  readonly client: StreamkeeperClient;
  /** Answers the name of a topic of its own, which has these values if any are given. */
  newTopic(partitions?: number, values?: readonly string[]): Promise<string>;
}

/** Stops it when the tests of the file are done. */
export async function ownService(): Promise<OwnService> {
  const server = await startOwnServer("memory");
  const client = new StreamkeeperClient({ endpoint: server.url });
  afterAll(async () => {
    client.destroy();
    await server[Symbol.asyncDispose]();
  });
  let topics = 0;
  const newTopic = async (partitions = 1, values: readonly string[] = []): Promise<string> => {
    topics += 1;
    const name = `topic-${topics}`;
    await client.send(new CreateTopicCommand({ name, partitions }));
    await using producer = client.producer({ topic: name });
    for (const value of values) await producer.enqueue({ value });
    return name;
  };
  return { url: server.url, client, newTopic };
}
