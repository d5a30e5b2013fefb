/** Curator's recipes see of ours what they see of ZooKeeper, sessions that are lost and connections that are cut included. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { curatorFacts } from "./curator-facts.ts";
import { CuratorProgram } from "./curator-program.ts";
import { type Server, servers } from "./servers.ts";
import { startTwoGateways } from "./two-gateways.ts";

const startMsMax = 5 * 60_000;
const scenarioMsMax = 6 * 60_000;
/** Not so often that what Curator has just made for a recipe is gone before it is used. */
const containerCheckMs = 5_000;

const all = [...servers, ["two gateways of ours", startTwoGateways]] as const;
const toldMeanwhile = {
  watchesOverCut: {
    // Persistent watches are told of what happened meanwhile, too.
    told: [
      "NodeChildrenChanged /parent",
      "NodeCreated /new",
      "NodeDataChanged /data",
      "NodeDataChanged /persistent",
      "NodeDataChanged /recursive/child",
      "NodeDeleted /gone",
    ],
  },
};

/** Where ours answers otherwise than ZooKeeper: see docs/zookeeper.md. */
const knownDifferences: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>> = {
  ours: toldMeanwhile,
  "two gateways of ours": toldMeanwhile,
};

describe.each(all)("Curator 5.9 on %s", (name, start) => {
  const known = knownDifferences[name] ?? {};
  let server: Server;
  let program: CuratorProgram;

  beforeAll(async () => {
    server = await start({ containerCheckMs });
    program = await CuratorProgram.start(server);
  }, startMsMax);

  afterAll(async () => {
    await program[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test.each(Object.entries(curatorFacts))("%s", { timeout: scenarioMsMax }, async (scenario, facts) => {
    expect(await program.run(scenario)).toEqual({ ...facts, ...known[scenario] });
  });
});
