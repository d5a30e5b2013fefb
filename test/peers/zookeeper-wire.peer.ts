/**
 * The same random requests of several clients over the wire to a real ZooKeeper and to our gateway: answers, and events among
 * them, must not differ, but for what docs/zookeeper-differences.md says.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import type { OperationName } from "../../gateway/zookeeper/protocol/operations.ts";
import { zookeeperBed } from "../gateway/zookeeper/zookeeper-bed.ts";
import { startZooKeeper } from "./zookeeper/server.ts";
import { WireDifferential } from "./zookeeper/wire-differential.ts";

const operationsMin = Number(process.env["STREAMKEEPER_PEER_OPERATIONS"] ?? 500_000);
const seed = Number(process.env["STREAMKEEPER_PEER_SEED"] ?? 20_261_121);
const users = ["ann:one", "bob:two", "super:secret"] as const;
const callers = [[], ["ann:one"], ["bob:two", "ann:one"], ["super:secret"], [], ["super:secret"]] as const;
const succeeding: readonly OperationName[] = [
  "create",
  "create2",
  "createContainer",
  "createTTL",
  "delete",
  "exists",
  "getData",
  "setData",
  "getACL",
  "setACL",
  "getChildren",
  "getChildren2",
  "sync",
  "ping",
  "multi",
  "multiRead",
  "getEphemerals",
  "getAllChildrenNumber",
  "whoAmI",
  "addWatch",
  "checkWatches",
  "removeWatches",
  "setWatches",
  "setWatches2",
  "auth",
  "closeSession",
];

test(
  `${operationsMin} random requests are answered as ZooKeeper 3.8 does, and events told`,
  { timeout: 3_600_000 },
  async () => {
    const superDigest = digestOf("super:secret");
    await using server = await startZooKeeper(superDigest);
    const bed = await zookeeperBed({ superDigest });
    const ports = { real: server.port, ours: bed.port };
    const differential = await WireDifferential.open({ ports, seed, callers, digests: users.map(digestOf) });
    const begunMs = performance.now();
    try {
      while (differential.answers < operationsMin) await differential.round();
    } catch (error) {
      throw new Error(`seed ${seed}, after ${differential.answers} answers: ${(error as Error).message}`, {
        cause: error,
      });
    } finally {
      differential.destroy();
    }
    const seconds = (performance.now() - begunMs) / 1_000;
    const { answers, events, met, comparison } = differential;
    const rate = Math.round(answers / seconds);
    process.stdout.write(`${answers} answers and ${events} events compared, ${rate}/s, seed ${seed}\n`);
    process.stdout.write(
      `${JSON.stringify(Object.fromEntries(met))}\n${JSON.stringify([...comparison.differences])}\n`,
    );
    expect(comparison.findDisorder()).toBeUndefined();
    expect(events).toBeGreaterThan(answers / 20);
    const scarce = succeeding.filter((name) => (met.get(`${name} 0`) ?? 0) < answers / 20_000);
    expect(scarce, "operations that hardly ever succeed").toEqual([]);
    expect(bed.failures.filter((line) => !line.startsWith("a client has seen more than there is"))).toEqual([]);
    await bed.close();
  },
);

function digestOf(userAndPassword: string): string {
  const [user] = userAndPassword.split(":");
  return `${user}:${createHash("sha1").update(userAndPassword).digest("base64")}`;
}
