import { describeNodeZooKeeperClient, type SuiteServer } from "./node-zookeeper-client-suite.ts";
import { zookeeperBed } from "./zookeeper-bed.ts";

describeNodeZooKeeperClient("our gateway", start, 10_000);

async function start(): Promise<SuiteServer> {
  const bed = await zookeeperBed();
  return { port: bed.port, [Symbol.asyncDispose]: () => bed.close() };
}
