/**
 * Runs `streamkeeper verify` against servers that are killed and paused at random:
 *
 *     npm run test:verify -- [--minutes <number>] [--store embedded|aws] [--workloads <names>] [--seed <number>] [--history <file>]
 *
 * without a store against both, one after the other: one server on the embedded store, then two on emulators of AWS. Ends
 * with the exit code 1 if either run is not clean.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { startHurtDeployment } from "./hurt-deployment.ts";
import type { DeploymentKind } from "./hurt-deployment.ts";

const shim = join(import.meta.dirname, "../../local/bin/streamkeeper.js");

const stores = ["embedded", "aws"] as const;

interface Options {
  readonly minutes: string;
  readonly store?: DeploymentKind;
  readonly workloads?: string;
  readonly seed?: string;
  readonly history?: string;
}

const values = new Command("npm run test:verify --")
  .description(
    "Runs `streamkeeper verify` against servers that are killed and paused at random.\n" +
      "Ends with 1 if a run is not clean.",
  )
  .option("--minutes <number>", "how long the load of each run lasts", "10")
  .addOption(
    new Option(
      "--store <kind>",
      "one server on the embedded store, or two on emulators of AWS (default: both)",
    ).choices(stores),
  )
  .option("--workloads <names>", "as for verify, which of them")
  .option("--seed <number>", "as for verify, for the choices of the workloads")
  .option("--history <file>", "as for verify, where every operation is written; the store is added to its name")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();
const kinds = stores.filter((kind) => values.store === undefined || values.store === kind);
for (const kind of kinds) await verify(kind);

async function verify(kind: DeploymentKind): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-verify-"));
  try {
    await using deployment = await startHurtDeployment(kind, folder);
    process.stdout.write(`${kind}: ${deployment.endpoints}\n`);
    const { minutes, seed, workloads, history } = values;
    const args = ["verify", "--endpoint", deployment.endpoints, "--minutes", minutes, "--hurt", deployment.hurt];
    if (seed !== undefined) args.push("--seed", seed);
    if (workloads !== undefined) args.push("--workloads", workloads);
    if (history !== undefined) args.push("--history", `${history}.${kind}`);
    const child = spawn(process.execPath, [shim, ...args], { stdio: "inherit" });
    const [code] = (await once(child, "exit")) as [number | null];
    process.stdout.write(`${kind}: exit code ${code}; servers were started again ${deployment.restarts()} times\n`);
    if (code !== 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
