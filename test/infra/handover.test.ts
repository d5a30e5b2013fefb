/** In what order CloudFormation deletes: what depends on something goes before it. */
import type { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { type Resource, capabilityOf, resourcesOf, synthesize } from "./synthesize.ts";

interface Dependent extends Resource {
  readonly DependsOn?: string | readonly string[];
}

function resources(template: Template): Readonly<Record<string, Dependent>> {
  return (template.toJSON() as { readonly Resources: Readonly<Record<string, Dependent>> }).Resources;
}

/** By logical id: all that it needs, and what that needs. */
function needsOf(template: Template): (id: string) => ReadonlySet<string> {
  const all = resources(template);
  const named = (value: unknown): readonly string[] => {
    if (typeof value === "string")
      return value in all ? [value] : [...value.matchAll(/\$\{(\w+)/g)].map(([, id = ""]) => id);
    return typeof value === "object" && value !== null ? Object.values(value).flatMap(named) : [];
  };
  const known = new Map<string, ReadonlySet<string>>();
  const needs = (id: string): ReadonlySet<string> => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const found = new Set<string>();
    known.set(id, found);
    const { Properties, DependsOn } = all[id] ?? {};
    for (const next of named([Properties, DependsOn])) {
      if (next === id || !(next in all)) continue;
      found.add(next);
      for (const further of needs(next)) found.add(further);
    }
    return found;
  };
  return needs;
}

describe.each([
  ["as it is", synthesize()],
  ["with function URLs", synthesize({ functionUrls: true })],
])("the stack of the service, %s", (_, template) => {
  const needs = needsOf(template);
  const handover = resourcesOf(template, "Custom::Handover")[0]?.[0] ?? "missing";
  const ids = (...types: readonly string[]): readonly string[] =>
    types.flatMap((type) => resourcesOf(template, type).map(([id]) => id));

  test("deletes all that can write before everything is sealed", () => {
    const writing = [
      ...ids("AWS::ApiGatewayV2::Route", "AWS::Lambda::Url", "AWS::Lambda::EventSourceMapping"),
      ...ids("AWS::Lambda::Alias").filter((id) => capabilityOf(id) !== "handover"),
    ];
    const answeredWithoutFunction = resourcesOf(template, "AWS::ApiGatewayV2::Route")
      .filter(([, { Properties }]) => Properties["RouteKey"] === "ping")
      .map(([id]) => id);
    expect(writing.length).toBeGreaterThan(20);
    expect(writing.filter((id) => !needs(id).has(handover))).toEqual(answeredWithoutFunction);
  });

  test("keeps what the sealing needs until that is done", () => {
    const needed = [...needs(handover)];
    const kinds = needed.map((id) => `${resources(template)[id]?.Type} ${id.replace(/[0-9A-F]{8}.*/, "")}`);
    expect(kinds).toEqual(
      expect.arrayContaining([
        "AWS::Lambda::Alias handoverLive",
        "AWS::IAM::Policy handoverRoleDefaultPolicy",
        "AWS::SQS::Queue DutiesQueue",
        "AWS::Scheduler::ScheduleGroup SchedulesGroup",
        "AWS::Logs::LogGroup handoverLogs",
      ]),
    );
  });
});

describe("the handover", () => {
  test("knows whether there is anything to be kept", () => {
    synthesize().hasResourceProperties("Custom::Handover", { RetainData: "true", ServiceTimeout: "900" });
    synthesize({ retainData: false }).hasResourceProperties("Custom::Handover", { RetainData: "false" });
  });
});
