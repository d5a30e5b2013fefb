/** What an upgrade must leave as it is, and what two deployments must not share. */
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { addStacks, appWithoutBundling, type Resource, resourcesOf, synthesizeBoth } from "./synthesize.ts";

const { data, service } = synthesizeBoth();
const chosen = synthesizeBoth({ functionUrls: true, tracing: true }).service;

/** Logical ids of all resources of some types. */
function idsOf(template: Template, ...types: readonly string[]): string[] {
  return types.flatMap((type) => resourcesOf(template, type).map(([id]) => id)).toSorted();
}

const resources = (template: Template): [string, Resource][] =>
  Object.entries(template.toJSON()["Resources"] as Record<string, Resource>);

interface Output {
  readonly Value: unknown;
  readonly Export?: { readonly Name: string };
}

function exportsOf(template: Template): Record<string, unknown> {
  const outputs = Object.values(template.findOutputs("*") as Record<string, Output>);
  return Object.fromEntries(outputs.map(({ Export, Value }) => [Export?.Name ?? "none", Value] as const));
}

/**
 * CloudFormation knows a resource by its logical id alone: under another one it is made anew, and empty. Never change a line here
 * to make the test pass; say in the resource what its logical id is (`overrideLogicalId`).
 */
describe("an upgrade in place", () => {
  test("finds the tables and the bucket where they were, and nothing else beside them", () => {
    expect(resources(data).map(([id, { Type }]) => `${id} ${Type}`)).toEqual([
      "LogsTableAAA0555B AWS::DynamoDB::Table",
      "ItemsTableE2D1F4C3 AWS::DynamoDB::Table",
      "BlobsBucket1038ED5D AWS::S3::Bucket",
      "BlobsBucketPolicyB0426444 AWS::S3::BucketPolicy",
    ]);
  });

  test("keeps what a table or a bucket cannot change without being made anew", () => {
    for (const [, { Properties }] of resourcesOf(data, "AWS::DynamoDB::Table")) {
      expect(Properties["KeySchema"]).toEqual([
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ]);
      expect(Properties).not.toHaveProperty("TableName");
      expect(Properties).not.toHaveProperty("LocalSecondaryIndexes");
    }
    for (const [, { Properties }] of resourcesOf(data, "AWS::S3::Bucket")) {
      expect(Properties).not.toHaveProperty("BucketName");
    }
  });

  test("exports, under the names that the version before imports, the same values", () => {
    const table = (name: string) => ({ Ref: name });
    const arn = (name: string) => ({ "Fn::GetAtt": [name, "Arn"] });
    expect(exportsOf(data)).toEqual({
      "Streamkeeper-Data:ExportsOutputRefLogsTableAAA0555BA4B603FD": table("LogsTableAAA0555B"),
      "Streamkeeper-Data:ExportsOutputFnGetAttLogsTableAAA0555BArnBF5F6782": arn("LogsTableAAA0555B"),
      "Streamkeeper-Data:ExportsOutputFnGetAttLogsTableAAA0555BStreamArn789208C0": {
        "Fn::GetAtt": ["LogsTableAAA0555B", "StreamArn"],
      },
      "Streamkeeper-Data:ExportsOutputRefItemsTableE2D1F4C31CD6C67A": table("ItemsTableE2D1F4C3"),
      "Streamkeeper-Data:ExportsOutputFnGetAttItemsTableE2D1F4C3ArnEC52C569": arn("ItemsTableE2D1F4C3"),
      "Streamkeeper-Data:ExportsOutputRefBlobsBucket1038ED5D09F6A624": table("BlobsBucket1038ED5D"),
      "Streamkeeper-Data:ExportsOutputFnGetAttBlobsBucket1038ED5DArn95D86EF9": arn("BlobsBucket1038ED5D"),
    });
  });

  test("imports nothing but those", () => {
    const imported = [...JSON.stringify(service.toJSON()).matchAll(/"Fn::ImportValue":"([^"]+)"/g)];
    const known = Object.keys(exportsOf(data));
    expect(imported.length).toBeGreaterThan(0);
    for (const [, name] of imported) expect(known).toContain(name);
  });

  test("keeps the addresses that clients and waiting duties have: the API, the URLs, the queues", () => {
    expect(idsOf(chosen, "AWS::ApiGatewayV2::Api").filter((id) => id.startsWith("HttpApi"))).toEqual([
      "HttpApi9292168F",
    ]);
    expect(idsOf(chosen, "AWS::Lambda::Url")).toEqual([
      "fetchLiveFunctionUrlE008E30F",
      "produceLiveFunctionUrlD28D2F48",
    ]);
    expect(idsOf(chosen, "AWS::SQS::Queue")).toEqual(
      expect.arrayContaining([
        "DutiesFailedFBF3C9F2",
        "DutiesQueueADF5ED6E",
        "ExpiryFailed8E4B2978",
        "ExpiryQueue4B181D4D",
      ]),
    );
  });

  test("moves each function's alias to a version of its own when code or configuration change, and keeps its functions", () => {
    expect(idsOf(chosen, "AWS::Lambda::Function", "AWS::Lambda::Alias")).toEqual(
      idsOf(service, "AWS::Lambda::Function", "AWS::Lambda::Alias"),
    );
    const versions = new Set(idsOf(service, "AWS::Lambda::Version"));
    for (const id of idsOf(chosen, "AWS::Lambda::Version")) expect(versions).not.toContain(id);
  });
});

/** Properties that are names within an account and region, for the types that we have. */
const physicalName =
  /^(?:TableName|BucketName|FunctionName|QueueName|LogGroupName|RoleName|AlarmName|DashboardName|TopicName|ManagedPolicyName|ScheduleGroupName|Name)$/;

/** Their names need to be unique within their function or API alone. */
const partOfAnother = new Set(["AWS::Lambda::Alias", "AWS::ApiGatewayV2::Authorizer"]);

/** Names that someone chose: what CloudFormation makes up itself is unique. */
function namesOf(template: Template): string[] {
  const chosen = resources(template)
    .filter(([, { Type }]) => !partOfAnother.has(Type))
    .flatMap(([, { Type, Properties }]) =>
      Object.entries(Properties)
        .filter(([name, value]) => physicalName.test(name) && typeof value === "string")
        .map(([name, value]) => `${Type} ${name} ${String(value)}`),
    );
  return [...chosen, ...Object.keys(exportsOf(template)).filter((name) => name !== "none")];
}

describe("two deployments in one account and region", () => {
  test("share no name, so that neither meets what the other has", () => {
    const app = appWithoutBundling();
    const deployed = ["One", "Other"].map((stackName) =>
      addStacks(app, { stackName, functionUrls: true, retainData: false }),
    );
    const [one = [], other = []] = deployed.map(({ data: stateful, service: stateless }) =>
      [stateful, stateless].map((stack) => Template.fromStack(stack)),
    );
    const names = one.flatMap(namesOf);
    expect(names.length).toBeGreaterThan(6);
    const others = new Set(other.flatMap(namesOf));
    expect(names.filter((name) => others.has(name))).toEqual([]);
    expect(JSON.stringify(other.map((template) => template.toJSON()))).not.toContain("One-Data");
  });

  test("of the same name are refused within one app", () => {
    const app = appWithoutBundling();
    addStacks(app);
    expect(() => addStacks(app)).toThrow("Streamkeeper-Data");
  });
});

interface PolicyDocument {
  readonly Statement: readonly { readonly Action: string | readonly string[]; readonly Resource: unknown }[];
}

describe("the stack of the data", () => {
  test("refuses to be deleted unless its data was to be thrown away", () => {
    const app = appWithoutBundling();
    expect(addStacks(app).data.terminationProtection).toBe(true);
    const disposable = addStacks(app, { stackName: "Disposable", retainData: false });
    expect(disposable.data.terminationProtection).toBe(false);
    expect(disposable.service.dependencies).toContain(disposable.data);
  });

  test("empties its bucket only where its data was to be thrown away, and may then delete nothing but its objects", () => {
    data.resourceCountIs("Custom::EmptyBucket", 0);
    data.resourceCountIs("AWS::Lambda::Function", 0);
    const disposable = synthesizeBoth({ retainData: false }).data;
    disposable.resourceCountIs("Custom::EmptyBucket", 1);
    disposable.hasResourceProperties("AWS::S3::Bucket", {
      Tags: [{ Key: "streamkeeper:delete-with-stack", Value: "true" }],
    });
    const [statements = []] = resourcesOf(disposable, "AWS::IAM::Policy").map(
      ([, { Properties }]) => (Properties["PolicyDocument"] as PolicyDocument).Statement,
    );
    const bucket = { "Fn::GetAtt": ["BlobsBucket1038ED5D", "Arn"] };
    expect(statements.slice(1).map(({ Action, Resource }) => ({ Action, Resource }))).toEqual([
      { Action: ["s3:GetBucketTagging", "s3:ListBucket"], Resource: bucket },
      { Action: "s3:DeleteObject", Resource: { "Fn::Join": ["", [bucket, "/*"]] } },
    ]);
  });
});
