/** A thread that runs what it is given, seed by seed, and tells of each. */
import { parentPort } from "node:worker_threads";
import { runSeed, type SeedRun } from "./run-seed.ts";

const port = parentPort;
if (port === null) throw new Error("this is a worker of test/simulation/crew.ts");

port.on("message", (runs: readonly SeedRun[]) => {
  void (async () => {
    for (const run of runs) port.postMessage(await runSeed(run));
  })();
});
