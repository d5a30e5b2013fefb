import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startHurtDeployment } from "./hurt-deployment.ts";

const shim = join(import.meta.dirname, "../../local/bin/streamkeeper.js");
const run = promisify(execFile);

interface JsonReport {
  readonly isClean: boolean;
  readonly records: { readonly acknowledged: number };
  readonly workloads: readonly { readonly anomalies: readonly object[] }[];
}

// For ten minutes, and on the emulators of AWS as well: npm run test:verify.
test("verify finds nothing wrong with an embedded server that is killed again and again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-verify-"));
  try {
    await using deployment = await startHurtDeployment("embedded", folder);
    const hurt = `sleep 1; kill -9 $(cat ${folder}/pids/0.pid)`;
    const workloads = "log,transactions,register,lock";
    const where = ["--endpoint", deployment.endpoints];
    const what = ["--json", "--keep", "--minutes", "0.1", "--workloads", workloads, "--hurt", hurt];
    const { stdout } = await run(process.execPath, [shim, "verify", ...where, ...what]);
    const report = JSON.parse(stdout) as JsonReport;
    expect(report.workloads.flatMap(({ anomalies }) => anomalies)).toEqual([]);
    expect(report.isClean).toBe(true);
    expect(report.records.acknowledged).toBeGreaterThan(500);
    expect(deployment.restarts()).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
