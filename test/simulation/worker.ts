/** A thread that runs what it is given, seed by seed, and tells of each. */
import { parentPort } from "node:worker_threads";
import { runSeed, type SeedRun } from "./run-seed.ts";

// Errors are many, and mostly expected; a seed that fails is run again by the one who asked for it.
Error.stackTraceLimit = 0;

const port = parentPort;
if (port === null) throw new Error("this is a worker of test/simulation/crew.ts");

port.on("message", (runs: readonly SeedRun[]) => {
  void (async () => {
    for (const run of runs) port.postMessage(await runSeed(run));
  })();
});
