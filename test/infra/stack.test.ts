import { Match } from "aws-cdk-lib/assertions";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { describe, expect, test } from "vitest";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { encodeKey } from "../../shared/storage/aws/item-attributes.ts";
import { encodeLogEntry, ttlAttribute } from "../../shared/storage/aws/log-entry-item.ts";
import { topicKey } from "../../shared/storage/item-keys.ts";
import { partitionLogId } from "../../shared/log/log-id.ts";
import { fetchWaitMsMax } from "../../shared/limits.ts";
import { capabilityOf, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize();
const tables = resourcesOf(template, "AWS::DynamoDB::Table");

interface TableProperties {
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly AttributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly TimeToLiveSpecification: { readonly AttributeName: string; readonly Enabled: boolean };
}

function tableOf(name: string): TableProperties {
  const found = tables.find(([id]) => id.startsWith(name));
  if (found === undefined) throw new Error(`no table ${name}`);
  return found[1].Properties as unknown as TableProperties;
}

/** `{name: type}` of the keys, hash key first. */
function keysOf({ KeySchema, AttributeDefinitions }: TableProperties): Record<string, string | undefined> {
  const types = new Map(AttributeDefinitions.map((definition) => [definition.AttributeName, definition.AttributeType]));
  const ordered = KeySchema.toSorted((a, b) => a.KeyType.localeCompare(b.KeyType));
  return Object.fromEntries(ordered.map((key) => [key.AttributeName, types.get(key.AttributeName)]));
}

describe("the tables", () => {
  test("have the keys under which the adapter puts entries and items", () => {
    const entry = encodeLogEntry({
      logId: partitionLogId("topic", 0),
      position: 0,
      next: 1,
      attempt: "attempt",
      appendedAtMs: 0,
      meta: new Uint8Array(),
      payload: { kind: "inline", bytes: new Uint8Array() },
      expiresAtMs: 1_000,
    });
    expect(keysOf(tableOf("Logs"))).toEqual({ pk: "S", sk: "N" });
    expect(entry).toMatchObject({ pk: { S: "partition:topic:0" }, sk: { N: "0" }, [ttlAttribute]: { N: "1" } });

    expect(keysOf(tableOf("Items"))).toEqual({ pk: "S", sk: "S" });
    expect(encodeKey(topicKey("default", "topic"))).toEqual({ pk: { S: "topics:default" }, sk: { S: "topic" } });
  });

  test("expire by the adapter's attribute", () => {
    const byTtl = { AttributeName: ttlAttribute, Enabled: true };
    expect(tableOf("Logs").TimeToLiveSpecification).toEqual(byTtl);
    expect(tableOf("Items").TimeToLiveSpecification).toEqual(byTtl);
  });

  test("are two, billed per request, recoverable to a point in time, protected from deletion and kept", () => {
    template.resourceCountIs("AWS::DynamoDB::Table", 2);
    template.allResourcesProperties("AWS::DynamoDB::Table", {
      BillingMode: "PAY_PER_REQUEST",
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
    });
    template.allResources("AWS::DynamoDB::Table", { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" });
  });

  test("go with a stack that was made to be thrown away", () => {
    const disposable = synthesize({ retainData: false });
    disposable.allResources("AWS::DynamoDB::Table", { DeletionPolicy: "Delete" });
    disposable.allResourcesProperties("AWS::DynamoDB::Table", { DeletionProtectionEnabled: false });
    disposable.allResources("AWS::S3::Bucket", { DeletionPolicy: "Delete" });
  });
});

describe("the bucket", () => {
  test("is private, encrypted and kept", () => {
    template.resourceCountIs("AWS::S3::Bucket", 1);
    template.allResources("AWS::S3::Bucket", { DeletionPolicy: "Retain", UpdateReplacePolicy: "Retain" });
    template.hasResourceProperties("AWS::S3::Bucket", {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
    });
  });

  test("refuses requests without TLS", () => {
    template.hasResourceProperties("AWS::S3::BucketPolicy", {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: "Deny", Action: "s3:*", Condition: { Bool: { "aws:SecureTransport": "false" } } }),
        ]),
      },
    });
  });

  test("never lets S3 expire an object: its only rule aborts uploads that were left", () => {
    const [bucket] = resourcesOf(template, "AWS::S3::Bucket");
    expect(bucket?.[1].Properties["LifecycleConfiguration"]).toEqual({
      Rules: [
        {
          Id: "abort-incomplete-uploads",
          Status: "Enabled",
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ],
    });
    expect(bucket?.[1].Properties).not.toHaveProperty("VersioningConfiguration");
  });
});

describe("the duty queue", () => {
  test("is encrypted, refuses requests without TLS, and puts aside what failed five times", () => {
    template.resourceCountIs("AWS::SQS::Queue", 4);
    template.allResourcesProperties("AWS::SQS::Queue", { SqsManagedSseEnabled: true });
    template.hasResourceProperties("AWS::SQS::Queue", {
      RedrivePolicy: {
        deadLetterTargetArn: { "Fn::GetAtt": [Match.stringLikeRegexp("^DutiesFailed"), "Arn"] },
        maxReceiveCount: 5,
      },
    });
    template.resourcePropertiesCountIs(
      "AWS::SQS::QueuePolicy",
      {
        PolicyDocument: {
          Statement: [Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } })],
        },
      },
      4,
    );
  });

  test.each([
    ["Duties", 120, "^Seals"],
    ["Expiry", 30, "^Ends sessions"],
  ])("of %s hides a duty for six times as long as doing it may take", (queue, seconds, description) => {
    template.hasResourceProperties("AWS::SQS::Queue", {
      VisibilityTimeout: 6 * seconds,
      RedrivePolicy: {
        deadLetterTargetArn: { "Fn::GetAtt": [Match.stringLikeRegexp(`^${queue}Failed`), "Arn"] },
        maxReceiveCount: 5,
      },
    });
    template.hasResourceProperties("AWS::Lambda::Function", {
      Timeout: seconds,
      Description: Match.stringLikeRegexp(description),
    });
  });

  test("gives its duties to the seal function, the expiry queue to reap; both report each failure by itself", () => {
    template.resourceCountIs("AWS::Lambda::EventSourceMapping", 2);
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      EventSourceArn: { "Fn::GetAtt": [Match.stringLikeRegexp("^DutiesQueue"), "Arn"] },
      FunctionName: { Ref: Match.stringLikeRegexp("^seal") },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      EventSourceArn: { "Fn::GetAtt": [Match.stringLikeRegexp("^ExpiryQueue"), "Arn"] },
      FunctionName: { Ref: Match.stringLikeRegexp("^reap") },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });
});

describe("the functions", () => {
  const functions = resourcesOf(template, "AWS::Lambda::Function");

  test("are one for each capability, and no others", () => {
    const capabilities = functions.map(([id]) => capabilityOf(id));
    expect(capabilities.toSorted((a, b) => a.localeCompare(b))).toEqual(Object.keys(capabilitySizes).toSorted());
  });

  test("run the handler of their bundle on Node 24 and arm64", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
    });
  });

  test("know the tables, the bucket and the queue", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: {
          STREAMKEEPER_LOG_TABLE: { Ref: Match.stringLikeRegexp("^Logs") },
          STREAMKEEPER_ITEM_TABLE: { Ref: Match.stringLikeRegexp("^Items") },
          STREAMKEEPER_BUCKET: { Ref: Match.stringLikeRegexp("^Blobs") },
          STREAMKEEPER_DUTY_QUEUE_URL: { Ref: Match.stringLikeRegexp("^DutiesQueue") },
          STREAMKEEPER_EXPIRY_QUEUE_URL: { Ref: Match.stringLikeRegexp("^ExpiryQueue") },
        },
      },
    });
  });

  test("know who may do everything with znodes only where they ask, and only where that was chosen", () => {
    const superDigest = "super:5TrIvFGYF5EK3nAjRSxwe2MjWdo=";
    const knowing = (stack: typeof template): readonly string[] =>
      resourcesOf(stack, "AWS::Lambda::Function")
        .filter(([, { Properties }]) => JSON.stringify(Properties["Environment"]).includes("STREAMKEEPER_SUPER_DIGEST"))
        .map(([id]) => capabilityOf(id));
    expect(knowing(template)).toEqual([]);
    const chosen = synthesize({ superDigest });
    expect(new Set(knowing(chosen))).toEqual(new Set(["fetch", "znode", "election"]));
    chosen.hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: { STREAMKEEPER_SUPER_DIGEST: superDigest } },
    });
  });

  test("reserve no concurrency", () => {
    for (const [, { Properties }] of functions) expect(Properties).not.toHaveProperty("ReservedConcurrentExecutions");
  });

  test("behind the API end before it gives up, and leave a long poll its whole wait", () => {
    const seconds = new Map(functions.map(([id, { Properties }]) => [capabilityOf(id), Properties["Timeout"]]));
    for (const capability of ["fetch", "health", "produce", "topics", "znode", "sessions", "election"])
      expect(seconds.get(capability)).toBeLessThan(30);
    expect(seconds.get("fetch")).toBeGreaterThan(fetchWaitMsMax / 1_000);
  });

  test("log JSON to a group of their own, which forgets after the chosen time", () => {
    const groups = functions.map(
      ([, { Properties }]) => (Properties["LoggingConfig"] as { LogGroup: { Ref: string } }).LogGroup.Ref,
    );
    expect(new Set(groups).size).toBe(functions.length);
    template.allResourcesProperties("AWS::Lambda::Function", { LoggingConfig: { LogFormat: "JSON" } });
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
    synthesize({ logRetentionDays: RetentionDays.ONE_WEEK }).allResourcesProperties("AWS::Logs::LogGroup", {
      RetentionInDays: 7,
    });
  });

  test("are traced only where that was chosen", () => {
    for (const [, { Properties }] of functions) expect(Properties).not.toHaveProperty("TracingConfig");
    synthesize({ tracing: true }).allResourcesProperties("AWS::Lambda::Function", {
      TracingConfig: { Mode: "Active" },
    });
  });
});

describe("the sweep", () => {
  test("runs once an hour and leaves a failed run to the next one", () => {
    template.resourceCountIs("AWS::Events::Rule", 1);
    template.hasResourceProperties("AWS::Events::Rule", {
      ScheduleExpression: "rate(1 hour)",
      State: "ENABLED",
      Targets: [{ Arn: { "Fn::GetAtt": [Match.stringLikeRegexp("^sweep"), "Arn"] } }],
    });
    template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      FunctionName: { Ref: Match.stringLikeRegexp("^sweep") },
      MaximumRetryAttempts: 0,
    });
  });
});
