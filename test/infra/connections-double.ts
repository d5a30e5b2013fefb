/** API Gateway's end for messages to connections: takes those for who is open, and says of all others that they are gone. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface ConnectionsDouble {
  readonly endpoint: string;
  readonly open: Set<string>;
  readonly posted: { readonly connectionId: string; readonly message: string }[];
  stop(): Promise<void>;
}

export async function startConnections(): Promise<ConnectionsDouble> {
  const open = new Set<string>();
  const posted: ConnectionsDouble["posted"] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const connectionId = decodeURIComponent(/^\/live\/@connections\/([^/?]+)$/.exec(request.url ?? "")?.[1] ?? "");
      if (!open.has(connectionId)) {
        response.writeHead(410, { "content-type": "application/json", "x-amzn-errortype": "GoneException" }).end("{}");
        return;
      }
      posted.push({ connectionId, message: Buffer.concat(chunks).toString() });
      response.writeHead(200).end();
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/live`,
    open,
    posted,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
