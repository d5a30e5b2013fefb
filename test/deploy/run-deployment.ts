/** The steps of the test, in their order. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cdk } from "./cdk.ts";
import { checkDemo } from "./checks/demo.ts";
import { apiIdOf, endpointOf } from "./deployment.ts";
import type { Deployment } from "./deployment.ts";
import type { Emulator } from "./emulator.ts";
import { createApiUser } from "./iam-user.ts";
import { seconds } from "./report.ts";
import type { Report, Steps } from "./report.ts";

export interface Plan {
  readonly emulator: Emulator;
  readonly cdk: Cdk;
  readonly steps: Steps;
  readonly folder: string;
  readonly rows: number;
  /** Nothing is destroyed in the end. */
  readonly isKept: boolean;
  readonly signal: AbortSignal;
}

const stackName = "Streamkeeper";

/** @throws what the first of the steps throws without which the others cannot be made */
export async function runDeployment(plan: Plan): Promise<void> {
  const { cdk, steps, rows, signal } = plan;
  await steps.run("cdk bootstrap", () => cdk.bootstrap());
  const deployment = await steps.run("cdk deploy", (report) => deploy(plan, report, stackName));
  await steps.attempt("demo", signal, (report) => checkDemo(deployment, report, rows));
}

async function deploy({ cdk, emulator, folder, signal }: Plan, report: Report, name: string): Promise<Deployment> {
  const startedMs = performance.now();
  const outputs = await cdk.deploy(`deploy-${name}`, { stackName: name, retainData: "false" });
  report.figure("synthesized and deployed in", seconds(performance.now() - startedMs));
  const apiId = apiIdOf(outputs);
  const endpoint = endpointOf(emulator, apiId);
  report.note(endpoint);
  const credentials = await createApiUser(emulator, `${name}-application`, [`${apiId}/*`]);
  const own = join(folder, name);
  await mkdir(own);
  return { emulator, stackName: name, apiId, endpoint, outputs, folder: own, credentials, signal };
}
