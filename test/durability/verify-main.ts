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
import { parseArgs } from "node:util";
import { startHurtDeployment } from "./hurt-deployment.ts";
import type { DeploymentKind } from "./hurt-deployment.ts";

const shim = join(import.meta.dirname, "../../local/bin/streamkeeper.js");

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    store: { type: "string" },
    seed: { type: "string" },
    workloads: { type: "string" },
    history: { type: "string" },
  },
});
const kinds = (["embedded", "aws"] as const).filter((kind) => values.store === undefined || values.store === kind);
if (kinds.length === 0) throw new TypeError(`there is no store ${values.store}: embedded or aws`);
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
