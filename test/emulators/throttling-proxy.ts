/** A proxy before DynamoDB that refuses some requests because of load, as DynamoDB does: they are not applied. */
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";

export interface ThrottledRequest {
  /** For example `PutItem`. */
  readonly operation: string;
  /** JSON. */
  readonly body: string;
}

export interface ThrottlingProxy {
  readonly endpoint: string;
  /** Whether to refuse; may be replaced at any time. */
  isThrottled: (request: ThrottledRequest) => boolean;
  /** Requests by operation, refused ones among them. */
  readonly requests: Map<string, number>;
  readonly throttled: Map<string, number>;
  stop(): Promise<void>;
}

export async function startThrottlingProxy(target: string): Promise<ThrottlingProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, answer) => void pass(incoming, answer));
  const proxy = {
    endpoint: "",
    isThrottled: (_request: ThrottledRequest): boolean => false,
    requests: new Map<string, number>(),
    throttled: new Map<string, number>(),
    stop: async () => {
      server.closeAllConnections();
      agent.destroy();
      server.close();
      await once(server, "close");
    },
  };
  const pass = async (incoming: IncomingMessage, answer: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await incoming.toArray());
    const operation = String(incoming.headers["x-amz-target"]).split(".").at(-1) ?? "";
    count(proxy.requests, operation);
    if (proxy.isThrottled({ operation, body: body.toString() })) {
      count(proxy.throttled, operation);
      const type = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
      answer.writeHead(400, { "content-type": "application/x-amz-json-1.0" });
      answer.end(
        JSON.stringify({ __type: type, message: "The level of configured provisioned throughput was exceeded" }),
      );
      return;
    }
    const { method, url: path, headers } = incoming;
    const behind = request({ agent, hostname, port, method, path, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(answer);
    });
    behind.on("error", () => answer.destroy());
    behind.end(body);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  proxy.endpoint = `http://127.0.0.1:${address.port}`;
  return proxy;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
