/** An HTTP server that answers what it is told, in turn, whatever it is asked. */
import { once } from "node:events";
import { type ServerResponse, createServer } from "node:http";

export interface CannedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Announces more bytes than the body has, and breaks the connection after it. */
  readonly announcedBytes?: number;
}

export interface CannedServer {
  readonly endpoint: string;
  /** The last of them is given for every further request. */
  answers: readonly CannedAnswer[];
  requests: number;
  /** Connections since the start. */
  connections: number;
  stop(): Promise<void>;
}

/** DynamoDB's and SQS's form of an error. */
export function jsonError(status: number, name: string): CannedAnswer {
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amzn-errortype": name };
  return { status, headers, body: JSON.stringify({ __type: `com.amazonaws#${name}`, message: "canned" }) };
}

/** S3's form of an error. */
export function xmlError(status: number, name: string): CannedAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${name}</Code><Message>canned</Message></Error>`;
  return { status, headers: { "content-type": "application/xml" }, body };
}

export async function startCannedServer(): Promise<CannedServer> {
  const http = createServer((request, response) => {
    request.resume().on("end", () => {
      server.requests += 1;
      const answer = server.answers[Math.min(server.requests, server.answers.length) - 1];
      if (answer === undefined) throw new Error("no answer is canned");
      give(response, answer);
    });
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  http.on("connection", () => {
    server.connections += 1;
  });
  const address = http.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const server: CannedServer = {
    endpoint: `http://127.0.0.1:${address.port}`,
    answers: [],
    requests: 0,
    connections: 0,
    stop: async () => {
      http.closeAllConnections();
      http.close();
      await once(http, "close");
    },
  };
  return server;
}

function give(response: ServerResponse, { status, headers, body = "", announcedBytes }: CannedAnswer): void {
  if (announcedBytes === undefined) {
    response.writeHead(status, headers).end(body);
    return;
  }
  response.writeHead(status, { ...headers, "content-length": announcedBytes });
  response.write(body, () => response.destroy());
}
