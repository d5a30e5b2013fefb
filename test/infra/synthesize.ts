/** The stacks as CloudFormation gets them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import cdkJson from "../../cdk.json" with { type: "json" };
import type { StreamkeeperProps } from "../../infra/props.ts";
import { readSettings } from "../../infra/settings.ts";
import { addStreamkeeper, type Streamkeeper } from "../../infra/streamkeeper.ts";

// CDK's own check of templates takes seconds per file of tests; `npx cdk synth` makes it.
process.env["CDK_VALIDATION"] = "false";

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

/** Puts the stacks into the app, with the default settings but for those that are chosen. */
export function addStacks(app: App, chosen: StreamkeeperProps = {}): Streamkeeper {
  return addStreamkeeper(app, { ...readSettings(app.node, {}), ...chosen });
}

interface Templates {
  readonly data: Template;
  readonly service: Template;
}

const synthesized = new Map<string, Templates>();

/** Both stacks, without bundling anything; the same choice is synthesized once in a process. */
export function synthesizeBoth(chosen: StreamkeeperProps = {}): Templates {
  const choice = JSON.stringify(chosen);
  const known = synthesized.get(choice);
  if (known !== undefined) return known;
  const { data, service } = addStacks(appWithoutBundling(), chosen);
  const templates = { data: Template.fromStack(data), service: Template.fromStack(service) };
  synthesized.set(choice, templates);
  return templates;
}

/** The stack of the service. */
export function synthesize(chosen: StreamkeeperProps = {}): Template {
  return synthesizeBoth(chosen).service;
}

/** The stack of the tables and the bucket. */
export function synthesizeData(chosen: StreamkeeperProps = {}): Template {
  return synthesizeBoth(chosen).data;
}

/** Logical ids and resources of one type. */
export function resourcesOf(template: Template, type: string): (readonly [string, Resource])[] {
  return Object.entries(template.findResources(type) as Record<string, Resource>);
}

/** The capability whose function (or what belongs to it) has this logical id. */
export function capabilityOf(logicalId: string): string {
  return /^[a-z]+/.exec(logicalId)?.[0] ?? "";
}
