/** The stack as CloudFormation gets it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import cdkJson from "../../cdk.json" with { type: "json" };
import { readSettings } from "../../infra/settings.ts";
import type { Settings } from "../../infra/settings.ts";
import { StreamkeeperStack } from "../../infra/stack.ts";

const assemblies = mkdtempSync(join(tmpdir(), "streamkeeper-infra-"));
// Several files use it, one after the other, in one process.
process.once("exit", () => rmSync(assemblies, { recursive: true, force: true }));

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** An app with the feature flags of cdk.json, whose output is deleted when the tests are done. */
export function testApp(): App {
  return new App({ outdir: mkdtempSync(join(assemblies, "cdk-")), context: cdkJson.context });
}

export function appWithoutBundling(): App {
  const app = testApp();
  app.node.setContext("aws:cdk:bundling-stacks", []);
  return app;
}

/** Puts the stack into the app, with the default settings but for those that are chosen. */
export function addStack(app: App, chosen: Partial<Settings> = {}): StreamkeeperStack {
  return new StreamkeeperStack(app, { ...readSettings(app.node, {}), ...chosen });
}

export function synthesize(chosen: Partial<Settings> = {}): Template {
  return Template.fromStack(addStack(appWithoutBundling(), chosen));
}

/** Logical ids and resources of one type. */
export function resourcesOf(template: Template, type: string): (readonly [string, Resource])[] {
  return Object.entries(template.findResources(type) as Record<string, Resource>);
}

/** The capability whose function (or what belongs to it) has this logical id. */
export function capabilityOf(logicalId: string): string {
  return /^[a-z]+/.exec(logicalId)?.[0] ?? "";
}
