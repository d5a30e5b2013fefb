/** The stack as CloudFormation gets it, with the feature flags of cdk.json and without bundling the functions. */
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { readSettings } from "../../infra/settings.ts";
import type { Settings } from "../../infra/settings.ts";
import { StreamkeeperStack } from "../../infra/stack.ts";
import cdkJson from "../../cdk.json" with { type: "json" };

export interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export function appWithoutBundling(): App {
  return new App({ context: { ...cdkJson.context, "aws:cdk:bundling-stacks": [] } });
}

export function synthesize(chosen: Partial<Settings> = {}): Template {
  const app = appWithoutBundling();
  return Template.fromStack(new StreamkeeperStack(app, { ...readSettings(app.node, {}), ...chosen }));
}

/** Logical ids and resources of one type. */
export function resourcesOf(template: Template, type: string): (readonly [string, Resource])[] {
  return Object.entries(template.findResources(type) as Record<string, Resource>);
}

/** The capability whose function (or what belongs to it) has this logical id. */
export function capabilityOf(logicalId: string): string {
  return /^[a-z]+/.exec(logicalId)?.[0] ?? "";
}
