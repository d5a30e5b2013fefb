/** Writes down what a real ZooKeeper 3.8 makes `zkCli.sh` say: `node test/peers/zookeeper/zkcli/record.ts`. */
import { writeFileSync } from "node:fs";
import { servers } from "../servers.ts";
import { recordedFile, zkCliReleases, zkCliSession } from "./zkcli.ts";

const [[, start]] = servers;
for (const release of zkCliReleases) {
  await using server = await start();
  const session = await zkCliSession(release, server.address);
  writeFileSync(recordedFile(release), `${JSON.stringify(session, undefined, 2)}\n`);
}
