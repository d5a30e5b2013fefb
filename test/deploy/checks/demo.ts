/** `streamkeeper demo`, as a person would run it, against the deployed API. */
import { join } from "node:path";
import { repositoryRoot } from "../../../infra/bundle.ts";
import { awsEnvironment } from "../cdk.ts";
import type { Deployment } from "../deployment.ts";
import { emulatedRegion } from "../emulator.ts";
import { check } from "../report.ts";
import type { Report } from "../report.ts";
import { runProgram } from "../run-program.ts";

const program = join(repositoryRoot, "local", "bin", "streamkeeper.js");

/** @throws CheckFailure | ProgramFailure */
export async function checkDemo(deployment: Deployment, report: Report, rows: number): Promise<void> {
  const { endpoint, credentials, emulator, folder, signal } = deployment;
  const place = ["--endpoint", endpoint, "--region", emulatedRegion];
  const output = await runProgram({
    program: process.execPath,
    args: [program, "demo", ...place, "--rows", String(rows)],
    env: {
      ...awsEnvironment(emulator),
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    cwd: repositoryRoot,
    logFile: join(folder, "demo.log"),
    signal,
  });
  for (const line of output.split("\n")) {
    const [, name, value] = /^(produced|consumed|checked) +(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) report.figure(name, value);
  }
  check(/^checked +each row once, unchanged, in order per key$/m.test(output), `the demo says: ${output}`);
}
