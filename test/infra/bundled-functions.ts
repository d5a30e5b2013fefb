/** What `cdk deploy` would upload for each function. */
import { join } from "node:path";
import { Template } from "aws-cdk-lib/assertions";
import { type Permission, permissionsOf } from "./permissions.ts";
import { addStacks, capabilityOf, resourcesOf, testApp } from "./synthesize.ts";

export interface BundledFunctions {
  /** By capability: the folder of its bundle. */
  readonly folders: ReadonlyMap<string, string>;
  /** By capability: what its role allows. */
  readonly permissions: ReadonlyMap<string, readonly Permission[]>;
}

/** Synthesizes the stack with the bundles of all functions: a few seconds of work. */
export function bundleFunctions(): BundledFunctions {
  const app = testApp();
  const template = Template.fromStack(addStacks(app).service);
  const folders = new Map<string, string>();
  for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Function")) {
    const { S3Key } = Properties["Code"] as { readonly S3Key: string };
    folders.set(capabilityOf(id), join(app.outdir, `asset.${S3Key.replace(".zip", "")}`));
  }
  return { folders, permissions: permissionsOf(template) };
}
