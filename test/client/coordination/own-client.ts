/** A client of a server in this process, whose connections can be made to fail. */
import { setTimeout as sleep } from "node:timers/promises";
import { NoAnswerException, StreamkeeperClient } from "../../../client/index.ts";
import type { Middleware, StreamkeeperClientOptions } from "../../../client/index.ts";
import { startOwnServer } from "../../../local/demo/own-server.ts";

/** What becomes of one attempt: a promise holds the request back before it is sent. */
export type Fate = "request lost" | "answer lost" | Promise<void> | undefined;

export interface OwnClient extends AsyncDisposable {
  readonly client: StreamkeeperClient;
  /** While true no request is answered: it is lost before it arrives, or its answer is. */
  cut: boolean;
  /** Decides on each attempt of `client`; those of one write have the same key. */
  fate: (commandName: string, idempotencyKey: string | undefined) => Fate;
  /** Another client of the same server. */
  another(options?: Partial<StreamkeeperClientOptions>): StreamkeeperClient;
}

export async function ownClient(): Promise<OwnClient> {
  const server = await startOwnServer("memory");
  const clients: StreamkeeperClient[] = [];
  const another = (options: Partial<StreamkeeperClientOptions> = {}): StreamkeeperClient => {
    const client = new StreamkeeperClient({ endpoint: server.url, ...options });
    clients.push(client);
    return client;
  };
  const own: OwnClient = {
    client: another(),
    cut: false,
    fate: () => undefined,
    another,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
  let requests = 0;
  const lose: Middleware = (next, context) => async (handlerArguments) => {
    const key = handlerArguments.request?.headers["idempotency-key"];
    const cutAnswer = (requests += 1) % 2 === 0;
    const fate = own.cut ? (cutAnswer ? "answer lost" : "request lost") : own.fate(context.commandName, key);
    if (typeof fate === "object") await fate;
    if (fate === "request lost") throw new NoAnswerException("lost", "cut before the request", true);
    const result = await next(handlerArguments);
    if (own.cut || fate === "answer lost") throw new NoAnswerException("lost", "cut before the answer", true);
    return result;
  };
  own.client.middlewareStack.add(lose, { step: "deserialize", name: "lose", priority: "low" });
  return own;
}

/** The first answer to every write is lost. */
export function everyFirstAnswerLost(): OwnClient["fate"] {
  const seen = new Set<string>();
  return (_, key) => {
    if (key === undefined || seen.has(key)) return undefined;
    seen.add(key);
    return "answer lost";
  };
}

/** The test's own time-out is the bound. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(5);
}
