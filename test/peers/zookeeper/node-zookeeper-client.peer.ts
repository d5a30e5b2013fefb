/** The tests of node-zookeeper-client that `npm test` runs against our gateway, against servers in processes of their own. */
import { describeNodeZooKeeperClient } from "../../gateway/zookeeper/node-zookeeper-client-suite.ts";
import { servers } from "./servers.ts";

const startMsMax = 5 * 60_000;

for (const [name, start] of servers) {
  const startServer = async () => {
    const server = await start();
    return {
      port: Number(server.address.split(":")[1]),
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  };
  describeNodeZooKeeperClient(name, startServer, startMsMax);
}
