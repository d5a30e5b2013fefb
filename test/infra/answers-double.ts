/** CloudFormation's end for the answers of custom resources. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface AnswersDouble {
  readonly url: string;
  readonly taken: unknown[];
  stop(): Promise<void>;
}

export async function startAnswers(): Promise<AnswersDouble> {
  const taken: unknown[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      taken.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/answer`,
    taken,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
