/** Curator's recipes see of ours what they see of ZooKeeper, sessions that are lost and connections that are cut included. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { curatorFacts } from "./curator-facts.ts";
import { CuratorProgram } from "./curator-program.ts";
import { type Server, servers } from "./servers.ts";

const startMsMax = 5 * 60_000;
const scenarioMsMax = 3 * 60_000;

describe.each(servers)("Curator 5.9 on %s", (_name, start) => {
  let server: Server;
  let program: CuratorProgram;

  beforeAll(async () => {
    server = await start();
    program = await CuratorProgram.start(server);
  }, startMsMax);

  afterAll(async () => {
    await program[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  test.each(Object.entries(curatorFacts))("%s", { timeout: scenarioMsMax }, async (scenario, facts) => {
    expect(await program.run(scenario)).toEqual(facts);
  });
});
