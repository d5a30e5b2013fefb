import { describe, expect, test } from "vitest";
import { partitionLogId, segmentsLogId, snapshotsLogId, treeLogId } from "../../shared/log/log-id.ts";
import * as itemKeys from "../../shared/storage/item-keys.ts";
import { type Permission, allows, describePermissions, permissionsOf } from "./permissions.ts";
import { synthesize } from "./synthesize.ts";

/** What each function may do beside writing its own logs. */
const expected: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  health: {
    "dynamodb:GetItem": ["items health"],
    "dynamodb:UpdateItem": ["items health"],
  },
  topics: {
    "dynamodb:DeleteItem": [
      "items groups:*",
      "items namespaces",
      "items sessions:*",
      "items share:*",
      "items topics:*",
      "items transactions:*",
    ],
    "dynamodb:GetItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items sessions:*",
      "items share:*",
      "items topics:*",
      "items transactions:*",
    ],
    "dynamodb:PutItem": ["logs snapshots:*", "logs tree:*"],
    "dynamodb:Query": [
      "items groups:*",
      "items namespaces",
      "items sessions:*",
      "items share:*",
      "items topics:*",
      "items transactions:*",
      "logs snapshots:*",
      "logs tree:*",
    ],
    "dynamodb:UpdateItem": ["items garbage", "items namespaces", "items topics:*"],
    "s3:GetObject": ["blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/snapshots/*", "blobs/znodes/*"],
  },
  produce: {
    "dynamodb:GetItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items producer-ids",
      "items topics:*",
      "items transactions:*",
    ],
    "dynamodb:PutItem": ["logs partition:*"],
    "dynamodb:Query": ["logs partition:*", "logs segments:*", "logs snapshots:*", "logs tree:*"],
    "dynamodb:UpdateItem": [
      "items garbage",
      "items groups:*",
      "items partitions:*",
      "items producer-ids",
      "items topics:*",
      "items transactions:*",
    ],
    "s3:GetObject": ["blobs/hot/*", "blobs/segments/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/hot/*"],
    "sqs:SendMessage": ["duties", "expiry"],
  },
  transactions: {
    "dynamodb:DeleteItem": ["items groups:*"],
    "dynamodb:GetItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items producer-ids",
      "items topics:*",
      "items transactions:*",
    ],
    "dynamodb:PutItem": ["logs partition:*"],
    "dynamodb:Query": [
      "items transactions:*",
      "logs partition:*",
      "logs segments:*",
      "logs snapshots:*",
      "logs tree:*",
    ],
    "dynamodb:UpdateItem": [
      "items garbage",
      "items groups:*",
      "items partitions:*",
      "items producer-ids",
      "items topics:*",
      "items transactions:*",
    ],
    "s3:GetObject": ["blobs/hot/*", "blobs/segments/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/hot/*"],
    "sqs:SendMessage": ["duties", "expiry"],
  },
  groups: {
    "dynamodb:DeleteItem": ["items groups:*", "items share:*"],
    "dynamodb:GetItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items producer-ids",
      "items share:*",
      "items topics:*",
    ],
    "dynamodb:PutItem": ["logs partition:*"],
    "dynamodb:Query": [
      "items groups:*",
      "items share:*",
      "logs partition:*",
      "logs segments:*",
      "logs snapshots:*",
      "logs tree:*",
    ],
    "dynamodb:UpdateItem": [
      "items garbage",
      "items groups:*",
      "items partitions:*",
      "items producer-ids",
      "items share:*",
      "items topics:*",
    ],
    "s3:GetObject": ["blobs/hot/*", "blobs/segments/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/hot/*"],
    "sqs:SendMessage": ["duties"],
  },
  fetch: {
    "dynamodb:GetItem": ["items namespaces", "items partitions:*", "items topics:*"],
    "dynamodb:Query": ["logs partition:*", "logs segments:*", "logs snapshots:*", "logs tree:*"],
    "s3:GetObject": ["blobs/hot/*", "blobs/segments/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
  },
  znode: {
    "dynamodb:GetItem": ["items namespaces"],
    "dynamodb:PutItem": ["logs snapshots:*", "logs tree:*"],
    "dynamodb:Query": ["logs snapshots:*", "logs tree:*"],
    "s3:GetObject": ["blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/snapshots/*", "blobs/znodes/*"],
    "sqs:SendMessage": ["expiry"],
  },
  sessions: {
    "dynamodb:DeleteItem": ["items sessions:*"],
    "dynamodb:GetItem": ["items namespaces", "items sessions:*"],
    "dynamodb:PutItem": ["logs snapshots:*", "logs tree:*"],
    "dynamodb:Query": ["logs snapshots:*", "logs tree:*"],
    "dynamodb:UpdateItem": ["items sessions:*"],
    "s3:GetObject": ["blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/snapshots/*", "blobs/znodes/*"],
    "sqs:SendMessage": ["expiry"],
  },
  election: {
    "dynamodb:GetItem": ["items namespaces"],
    "dynamodb:PutItem": ["logs snapshots:*", "logs tree:*"],
    "dynamodb:Query": ["logs snapshots:*", "logs tree:*"],
    "s3:GetObject": ["blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/snapshots/*", "blobs/znodes/*"],
    "sqs:SendMessage": ["expiry"],
  },
  reap: {
    "dynamodb:DeleteItem": ["items sessions:*"],
    "dynamodb:GetItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items producer-ids",
      "items sessions:*",
      "items topics:*",
      "items transactions:*",
    ],
    "dynamodb:PutItem": ["logs partition:*", "logs snapshots:*", "logs tree:*"],
    "dynamodb:Query": ["logs partition:*", "logs segments:*", "logs snapshots:*", "logs tree:*"],
    "dynamodb:UpdateItem": [
      "items garbage",
      "items groups:*",
      "items partitions:*",
      "items producer-ids",
      "items sessions:*",
      "items topics:*",
      "items transactions:*",
    ],
    "s3:GetObject": ["blobs/hot/*", "blobs/segments/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/hot/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "sqs:ChangeMessageVisibility": ["expiry"],
    "sqs:DeleteMessage": ["expiry"],
    "sqs:GetQueueAttributes": ["expiry"],
    "sqs:GetQueueUrl": ["expiry"],
    "sqs:ReceiveMessage": ["expiry"],
    "sqs:SendMessage": ["duties", "expiry"],
  },
  seal: {
    "dynamodb:BatchWriteItem": ["logs segments:*"],
    "dynamodb:GetItem": ["items partitions:*"],
    "dynamodb:PutItem": ["logs segments:*"],
    "dynamodb:Query": ["logs partition:*", "logs segments:*"],
    "dynamodb:UpdateItem": ["items partitions:*"],
    "s3:DeleteObject": ["blobs/hot/*", "blobs/segments/*"],
    "s3:GetObject": ["blobs/hot/*", "blobs/segments/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/segments/*"],
    "sqs:ChangeMessageVisibility": ["duties"],
    "sqs:DeleteMessage": ["duties"],
    "sqs:GetQueueAttributes": ["duties"],
    "sqs:GetQueueUrl": ["duties"],
    "sqs:ReceiveMessage": ["duties"],
    "sqs:SendMessage": ["duties"],
  },
  sweep: {
    "dynamodb:BatchWriteItem": ["logs segments:*", "logs snapshots:*", "logs tree:*"],
    "dynamodb:DeleteItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items sessions:*",
      "items share:*",
      "items topics:*",
      "items transactions:*",
    ],
    "dynamodb:GetItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items producer-ids",
      "items sessions:*",
      "items share:*",
      "items topics:*",
      "items transactions:*",
    ],
    "dynamodb:PutItem": ["logs partition:*", "logs snapshots:*", "logs tree:*"],
    "dynamodb:Query": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items sessions:*",
      "items share:*",
      "items topics:*",
      "items transactions:*",
      "logs partition:*",
      "logs segments:*",
      "logs snapshots:*",
      "logs tree:*",
    ],
    "dynamodb:UpdateItem": [
      "items garbage",
      "items groups:*",
      "items namespaces",
      "items partitions:*",
      "items producer-ids",
      "items sessions:*",
      "items topics:*",
      "items transactions:*",
    ],
    "s3:DeleteObject": ["blobs/hot/*", "blobs/segments/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "s3:GetObject": ["blobs/hot/*", "blobs/segments/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": ["blobs/hot/*", "blobs/snapshots/*", "blobs/znodes/*"],
    "sqs:SendMessage": ["duties", "expiry"],
  },
};

const ownLogs = { "logs:CreateLogStream": ["own logs"], "logs:PutLogEvents": ["own logs"] };
const permissions = permissionsOf(synthesize());

describe("the role of a function", () => {
  test.each(Object.entries(expected))("lets %s do what it is meant to do, and nothing else", (capability, allowed) => {
    expect(describePermissions(permissions.get(capability) ?? [])).toEqual({ ...allowed, ...ownLogs });
  });

  test("is known here for each function", () => {
    expect(new Set(permissions.keys())).toEqual(new Set(Object.keys(expected)));
  });

  test("has none but these permissions: no managed policy, and nothing inside the role itself", () => {
    const template = synthesize();
    template.resourceCountIs("AWS::IAM::Role", Object.keys(expected).length);
    for (const role of Object.values(template.findResources("AWS::IAM::Role"))) {
      expect(role["Properties"]).not.toHaveProperty("ManagedPolicyArns");
      expect(role["Properties"]).not.toHaveProperty("Policies");
    }
  });
});

describe("the kinds that permissions are given by", () => {
  const all = [...permissions.values()].flat();
  const reach = (resource: string, key: string): boolean =>
    all.some((permission) => allows([permission], { action: permission.action, resource, keys: [key] }));

  test("are those of the log ids", () => {
    const ids = [
      partitionLogId("topic", 0),
      segmentsLogId("topic", 0),
      treeLogId("default"),
      snapshotsLogId("default"),
    ];
    for (const id of ids) expect(reach("logs", id), id).toBe(true);
    expect(reach("logs", "another:topic:0")).toBe(false);
  });

  test("are those of the item keys", () => {
    const keys = [
      itemKeys.namespaceKey("team"),
      itemKeys.topicKey("default", "topic"),
      itemKeys.partitionKey("topic", 0),
      itemKeys.producerIdsKey("all"),
      itemKeys.garbageKey("topic"),
      itemKeys.sessionKey("default", 1n),
      itemKeys.transactionKey("default", "id"),
      itemKeys.groupKey("default", "group"),
      itemKeys.shareKey("default", "group", "topic", 0),
      itemKeys.healthKey("a"),
    ];
    for (const { partition } of keys) expect(reach("items", partition), partition).toBe(true);
    expect(reach("items", "leases")).toBe(false);
  });

  test("are those of the blob keys", () => {
    const keys = [
      itemKeys.hotBlobKey("topic", 0, "id"),
      itemKeys.segmentBlobStem("topic", 0, 0, "id"),
      itemKeys.snapshotBlobKey("default", 0, "id"),
      itemKeys.znodeBlobKey("default", "id"),
    ];
    const reads: readonly Permission[] = all.filter(({ action }) => action === "s3:GetObject");
    for (const key of keys) expect(allows(reads, { action: "s3:GetObject", resource: `blobs/${key}` }), key).toBe(true);
    expect(allows(reads, { action: "s3:GetObject", resource: "blobs/other/id" })).toBe(false);
  });
});
