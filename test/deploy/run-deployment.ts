/** The steps of the test, in their order. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Cdk, CloudAssembly } from "./cdk.ts";
import { writeChangedSources } from "./changed-sources.ts";
import { checkAccess } from "./checks/access.ts";
import { checkDemo } from "./checks/demo.ts";
import { checkDuties } from "./checks/duties.ts";
import { checkElection } from "./checks/election.ts";
import { checkGroup } from "./checks/group.ts";
import { checkIdle } from "./checks/idle.ts";
import type { Work } from "./checks/idle.ts";
import { checkIsolation } from "./checks/isolation.ts";
import { checkPush } from "./checks/push.ts";
import { checkRemoval, checkRetention } from "./checks/removal.ts";
import { checkRoles } from "./checks/roles.ts";
import { checkTransaction } from "./checks/transaction.ts";
import { checkUpgrade } from "./checks/upgrade.ts";
import { apiIdOf, apiIdsOf, endpointOf } from "./deployment.ts";
import type { Deployment } from "./deployment.ts";
import { fitToEmulator } from "./emulated-templates.ts";
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

const first = { stackName: "Streamkeeper", retainData: "false" } as const;
/** As a deployment is by default: its data are kept. */
const second = { stackName: "Second" } as const;

/** @throws what the first of the steps throws without which the others cannot be made */
export async function runDeployment(plan: Plan): Promise<void> {
  const { cdk, steps, signal, isKept } = plan;
  await steps.run("cdk bootstrap", () => cdk.bootstrap());
  const assembly = await steps.run("cdk synth", () => synthesize(plan, "first", first));
  const deployment = await steps.run("cdk deploy", (report) => deploy(plan, report, assembly, first.stackName));
  const work = await useAll(plan, deployment);

  const another = await steps.run("deploy another one beside it", async (report) => {
    const made = await synthesize(plan, "second", second);
    return { assembly: made, deployment: await deploy(plan, report, made, second.stackName) };
  });
  await steps.attempt("idle", signal, (report) => checkIdle(deployment, report, work));
  await steps.attempt("two deployments side by side", signal, (report) =>
    checkIsolation(deployment, another.deployment, report),
  );
  if (isKept) return;
  await steps.attempt("roles are enforced", signal, (report) => checkRoles(another.deployment, report));
  await steps.attempt("cdk destroy, data kept", signal, (report) =>
    checkRetention(another.deployment, report, {
      cdk,
      assembly: another.assembly,
      deployAgain: () => deploy(plan, report, another.assembly, second.stackName),
    }),
  );
  await steps.attempt("cdk destroy, nothing kept", signal, (report) =>
    checkRemoval(deployment, report, { cdk, assembly }),
  );
}

/** What the clients of one deployment do, and when. */
async function useAll(plan: Plan, deployment: Deployment): Promise<Work> {
  const { cdk, steps, folder, rows, signal } = plan;
  const fromMs = Date.now();
  await steps.attempt("access", signal, (report) => checkAccess(deployment, report));
  await steps.attempt("election with failover", signal, (report) => checkElection(deployment, report));
  await steps.attempt("transactions", signal, (report) => checkTransaction(deployment, report));
  const timedToMs = Date.now();
  await steps.attempt("upgrade in place", signal, async (report) => {
    const root = join(folder, "next");
    await writeChangedSources(root);
    const next = await synthesize(plan, "next", first, root);
    await checkUpgrade(deployment, report, () => cdk.deploy(next));
  });
  await steps.attempt("demo", signal, (report) => checkDemo(deployment, report, rows));
  await steps.attempt("consumer group", signal, (report) => checkGroup(deployment, report));
  await steps.attempt("push", signal, (report) => checkPush(deployment, report));
  await steps.attempt("background duties", signal, (report) => checkDuties(deployment, report));
  return { fromMs, timedToMs, toMs: Date.now() };
}

async function synthesize(
  { cdk, emulator }: Plan,
  name: string,
  context: Readonly<Record<string, string>>,
  root?: string,
): Promise<CloudAssembly> {
  const assembly = await cdk.synthesize(name, context, root);
  await fitToEmulator(assembly, emulator);
  return assembly;
}

async function deploy(plan: Plan, report: Report, assembly: CloudAssembly, stackName: string): Promise<Deployment> {
  const { cdk, emulator, folder, signal } = plan;
  const startedMs = performance.now();
  const outputs = await cdk.deploy(assembly);
  report.figure("deployed in", seconds(performance.now() - startedMs));
  const apiId = apiIdOf(outputs);
  const endpoint = endpointOf(emulator, apiId);
  report.note(endpoint);
  const credentials = await createApiUser(
    emulator,
    `${stackName}-${apiId}`,
    apiIdsOf(outputs).map((id) => `${id}/*`),
  );
  const own = join(folder, `${stackName}-${apiId}`);
  await mkdir(own);
  return { emulator, stackName, apiId, endpoint, outputs, folder: own, credentials, signal };
}
