import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { partitionLogId } from "../../shared/log/log-id.ts";
import { encodeKey } from "../../shared/storage/aws/item-attributes.ts";
import { encodeLogEntry, ttlAttribute } from "../../shared/storage/aws/log-entry-item.ts";
import { topicKey } from "../../shared/storage/item-keys.ts";
import { resourcesOf, synthesizeData } from "./synthesize.ts";

const template = synthesizeData();
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
    const disposable = synthesizeData({ retainData: false });
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
