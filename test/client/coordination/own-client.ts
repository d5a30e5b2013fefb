/** A client of a server in this process, whose connections can be made to fail. */
import { NoAnswerException, StreamkeeperClient } from "../../../client/index.ts";
import type { Middleware } from "../../../client/index.ts";
import { startOwnServer } from "../../../local/demo/own-server.ts";

export interface OwnClient extends AsyncDisposable {
  readonly client: StreamkeeperClient;
  /** While true no request is answered: it is lost before it arrives, or its answer is. */
  cut: boolean;
  /** Another client of the same server. */
  another(): StreamkeeperClient;
}

export async function ownClient(): Promise<OwnClient> {
  const server = await startOwnServer("memory");
  const clients: StreamkeeperClient[] = [];
  const another = (): StreamkeeperClient => {
    const client = new StreamkeeperClient({ endpoint: server.url });
    clients.push(client);
    return client;
  };
  const own: OwnClient = {
    client: another(),
    cut: false,
    another,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.destroy();
      await server[Symbol.asyncDispose]();
    },
  };
  let requests = 0;
  const lose: Middleware = (next) => async (handlerArguments) => {
    const answerIsLost = (requests += 1) % 2 === 0;
    if (own.cut && !answerIsLost) throw new NoAnswerException("lost", "cut before the request", true);
    const result = await next(handlerArguments);
    if (own.cut) throw new NoAnswerException("lost", "cut before the answer", true);
    return result;
  };
  own.client.middlewareStack.add(lose, { step: "deserialize", name: "lose", priority: "low" });
  return own;
}
