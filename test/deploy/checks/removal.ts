/** What is left of a deployment that is destroyed: all data, or nothing. */
import { FetchCommand } from "../../../client/index.ts";
import type { Cdk, CloudAssembly } from "../cdk.ts";
import { deployedFunctions } from "../deployed-functions.ts";
import { clientOf } from "../deployment.ts";
import type { Deployment } from "../deployment.ts";
import { check } from "../report.ts";
import type { Report } from "../report.ts";
import { ProgramFailure } from "../run-program.ts";
import { countExisting, storesOf } from "../stores.ts";
import { keptTopic, keptValue } from "./isolation.ts";

const storesCount = 3;

/**
 * The service goes and comes back, and the data are still there.
 *
 * @param deployAgain deploys the same again
 * @throws CheckFailure
 */
export async function checkRetention(
  deployment: Deployment,
  report: Report,
  { cdk, assembly, deployAgain }: { cdk: Cdk; assembly: CloudAssembly; deployAgain: () => Promise<Deployment> },
): Promise<void> {
  const { emulator, stackName } = deployment;
  const stores = await storesOf(deployment);
  await cdk.destroy(assembly, stackName);
  check((await deployedFunctions(deployment)).length === 0, "functions are left of a service that was destroyed");
  check((await countExisting(emulator, stores)) === storesCount, "data went with the service");
  const refusal: unknown = await cdk.destroy(assembly).catch((error: unknown) => error);
  check(refusal instanceof ProgramFailure, "the data can be destroyed though they are to be kept");
  check((await countExisting(emulator, stores)) === storesCount, "data went though they are to be kept");

  using client = clientOf(await deployAgain());
  const { records } = await client.send(new FetchCommand({ topic: keptTopic, partition: 0 }));
  check(records[0]?.value === keptValue, `the service that came back has not the data: ${JSON.stringify(records)}`);
  report.note("cdk destroy takes the service, and refuses to take the data; deployed again, it has them still");
}

/** With `retainData=false` everything goes. @throws CheckFailure */
export async function checkRemoval(
  deployment: Deployment,
  report: Report,
  { cdk, assembly }: { cdk: Cdk; assembly: CloudAssembly },
): Promise<void> {
  const stores = await storesOf(deployment);
  check((await countExisting(deployment.emulator, stores)) === storesCount, "there is no data to be destroyed");
  await cdk.destroy(assembly);
  check((await deployedFunctions(deployment)).length === 0, "functions are left");
  const left = await countExisting(deployment.emulator, stores);
  check(left === 0, `${left} of two tables and a bucket are left`);
  report.note("neither functions, nor tables, nor the bucket are left");
}
