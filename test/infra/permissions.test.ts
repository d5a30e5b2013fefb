import { describe, expect, test } from "vitest";
import { partitionLogId, segmentsLogId, snapshotsLogId, treeLogId } from "../../shared/log/log-id.ts";
import * as itemKeys from "../../shared/storage/item-keys.ts";
import { type Permission, allows, describePermissions, permissionsOf } from "./permissions.ts";
import { synthesize } from "./synthesize.ts";

const items = (keys: string): readonly string[] => keys.split(" ").map((key) => `items ${key}`);
const logs = (kinds: string): readonly string[] => kinds.split(" ").map((kind) => `logs ${kind}:*`);
const blobs = (kinds: string): readonly string[] => kinds.split(" ").map((kind) => `blobs/${kind}/*`);

const treeLogs = logs("snapshots tree");
const allLogs = [...logs("partition segments"), ...treeLogs];
const treeBlobs = blobs("snapshots znodes");
const allBlobs = [...blobs("hot segments"), ...treeBlobs];

/** To ask for sweeps, and for what is due later than a queue can wait. */
const asking = { "scheduler:CreateSchedule": ["schedules/*"], "iam:PassRole": ["schedules' role"] };

/** What each function may do beside writing its own logs: written out, so that nothing is allowed by what another needs. */
const expected: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  health: {
    "dynamodb:GetItem": items("health"),
    "dynamodb:UpdateItem": items("health"),
  },
  topics: {
    ...asking,
    "dynamodb:DeleteItem": items("groups:* namespaces sessions:* share:* topics:* transactions:*"),
    "dynamodb:GetItem": items("groups:* namespaces sessions:* share:* topics:* transactions:*"),
    "dynamodb:PutItem": treeLogs,
    "dynamodb:Query": [...items("groups:* namespaces sessions:* share:* topics:* transactions:*"), ...treeLogs],
    "dynamodb:UpdateItem": items("garbage namespaces topics:*"),
    "s3:GetObject": treeBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": treeBlobs,
    "sqs:SendMessage": ["duties"],
  },
  produce: {
    ...asking,
    "dynamodb:GetItem": items("groups:* namespaces partitions:* topics:* transactions:*"),
    "dynamodb:PutItem": logs("partition"),
    "dynamodb:Query": allLogs,
    "dynamodb:UpdateItem": items("garbage groups:* partitions:* producer-ids topics:* transactions:*"),
    "s3:GetObject": allBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": blobs("hot"),
    "sqs:SendMessage": ["duties", "expiry"],
  },
  transactions: {
    ...asking,
    "dynamodb:DeleteItem": items("groups:*"),
    "dynamodb:GetItem": items("groups:* namespaces topics:* transactions:*"),
    "dynamodb:PutItem": logs("partition"),
    "dynamodb:Query": [...items("transactions:*"), ...allLogs],
    "dynamodb:UpdateItem": items("garbage groups:* producer-ids topics:* transactions:*"),
    "s3:GetObject": allBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": blobs("hot"),
    "sqs:SendMessage": ["duties", "expiry"],
  },
  groups: {
    ...asking,
    "dynamodb:DeleteItem": items("groups:* share:*"),
    "dynamodb:GetItem": items("groups:* namespaces partitions:* share:* topics:*"),
    "dynamodb:PutItem": logs("partition"),
    "dynamodb:Query": [...items("groups:* share:*"), ...allLogs],
    "dynamodb:UpdateItem": items("garbage groups:* share:* topics:*"),
    "s3:GetObject": allBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": blobs("hot"),
    "sqs:SendMessage": ["duties"],
  },
  fetch: {
    "dynamodb:GetItem": items("connections:* namespaces partitions:* topics:*"),
    "dynamodb:Query": allLogs,
    "dynamodb:UpdateItem": items("connections:* subscribers:*"),
    "s3:GetObject": allBlobs,
    "s3:ListBucket": ["blobs"],
  },
  push: {
    "dynamodb:DeleteItem": items("connections:* subscribers:*"),
    "dynamodb:GetItem": items("connections:*"),
    "dynamodb:Query": items("connections:*"),
    "dynamodb:UpdateItem": items("connections:*"),
  },
  notify: {
    "dynamodb:DeleteItem": items("connections:* subscribers:*"),
    "dynamodb:DescribeStream": ["logs/stream/*"],
    "dynamodb:GetRecords": ["logs/stream/*"],
    "dynamodb:GetShardIterator": ["logs/stream/*"],
    "dynamodb:ListStreams": ["logs/stream/*"],
    "dynamodb:Query": [...items("connections:* subscribers:*"), ...treeLogs],
    "execute-api:ManageConnections": ["push/live/POST/@connections/*"],
    "s3:GetObject": treeBlobs,
    "s3:ListBucket": ["blobs"],
    "sqs:SendMessage": ["lost hints"],
  },
  znode: {
    ...asking,
    "dynamodb:GetItem": items("connections:* namespaces"),
    "dynamodb:PutItem": treeLogs,
    "dynamodb:Query": treeLogs,
    "dynamodb:UpdateItem": items("connections:* subscribers:*"),
    "s3:GetObject": treeBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": treeBlobs,
    "sqs:SendMessage": ["duties", "expiry"],
  },
  sessions: {
    ...asking,
    "dynamodb:DeleteItem": items("sessions:*"),
    "dynamodb:GetItem": items("namespaces sessions:*"),
    "dynamodb:PutItem": treeLogs,
    "dynamodb:Query": treeLogs,
    "dynamodb:UpdateItem": items("sessions:*"),
    "s3:GetObject": treeBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": treeBlobs,
    "sqs:SendMessage": ["duties", "expiry"],
  },
  election: {
    ...asking,
    "dynamodb:GetItem": items("namespaces"),
    "dynamodb:PutItem": treeLogs,
    "dynamodb:Query": treeLogs,
    "s3:GetObject": treeBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": treeBlobs,
    "sqs:SendMessage": ["duties", "expiry"],
  },
  reap: {
    ...asking,
    "dynamodb:DeleteItem": items("sessions:*"),
    "dynamodb:GetItem": items("groups:* namespaces sessions:* topics:* transactions:*"),
    "dynamodb:PutItem": logs("partition snapshots tree"),
    "dynamodb:Query": allLogs,
    "dynamodb:UpdateItem": items("garbage groups:* producer-ids sessions:* topics:* transactions:*"),
    "s3:GetObject": allBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": blobs("hot snapshots znodes"),
    "sqs:DeleteMessage": ["expiry"],
    "sqs:GetQueueAttributes": ["expiry"],
    "sqs:ReceiveMessage": ["expiry"],
    "sqs:SendMessage": ["duties", "expiry"],
  },
  seal: {
    ...asking,
    "dynamodb:BatchWriteItem": logs("segments"),
    "dynamodb:GetItem": items("partitions:*"),
    "dynamodb:PutItem": logs("segments"),
    "dynamodb:Query": logs("partition segments"),
    "dynamodb:UpdateItem": items("partitions:*"),
    "s3:DeleteObject": blobs("hot segments"),
    "s3:GetObject": blobs("hot segments"),
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": blobs("segments"),
    "sqs:DeleteMessage": ["duties"],
    "sqs:GetQueueAttributes": ["duties"],
    "sqs:ReceiveMessage": ["duties"],
    "sqs:SendMessage": ["duties"],
  },
  sweep: {
    ...asking,
    "dynamodb:BatchWriteItem": logs("segments snapshots tree"),
    "dynamodb:DeleteItem": items("garbage groups:* namespaces partitions:* sessions:* share:* topics:* transactions:*"),
    "dynamodb:GetItem": items("garbage groups:* namespaces partitions:* sessions:* share:* topics:* transactions:*"),
    "dynamodb:PutItem": logs("partition snapshots tree"),
    "dynamodb:Query": [
      ...items("garbage groups:* namespaces partitions:* sessions:* share:* topics:* transactions:*"),
      ...allLogs,
    ],
    "dynamodb:UpdateItem": items(
      "garbage groups:* namespaces partitions:* producer-ids sessions:* topics:* transactions:*",
    ),
    "s3:DeleteObject": allBlobs,
    "s3:GetObject": allBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": blobs("hot snapshots znodes"),
    // Where what it failed at every time is put aside.
    "sqs:GetQueueAttributes": ["failed duties"],
    "sqs:GetQueueUrl": ["failed duties"],
    "sqs:SendMessage": ["duties", "expiry", "failed duties"],
  },
  handover: {
    ...asking,
    "dynamodb:PutItem": logs("segments"),
    "dynamodb:Query": [...items("namespaces"), ...allLogs],
    "s3:GetObject": allBlobs,
    "s3:ListBucket": ["blobs"],
    "s3:PutObject": blobs("segments"),
    "sqs:SendMessage": ["duties"],
  },
};

const scheduled = {
  "lambda:InvokeFunction": ["sweep"],
  "sqs:SendMessage": ["duties", "expiry", "failed duties"],
};
const ownLogs = { "logs:CreateLogStream": ["own logs"], "logs:PutLogEvents": ["own logs"] };
const permissions = permissionsOf(synthesize());

describe("the role of a function", () => {
  test.each(Object.entries(expected))("lets %s do what it is meant to do, and nothing else", (capability, allowed) => {
    expect(describePermissions(permissions.get(capability) ?? [])).toEqual({ ...allowed, ...ownLogs });
  });

  test("is known here for each function", () => {
    expect(new Set(permissions.keys())).toEqual(new Set([...Object.keys(expected), "schedules"]));
  });

  test("is one for schedules as well, which may call nothing but what functions ask for", () => {
    expect(describePermissions(permissions.get("schedules") ?? [])).toEqual(scheduled);
  });

  test("has none but these permissions: no managed policy, and nothing inside the role itself", () => {
    const template = synthesize();
    template.resourceCountIs("AWS::IAM::Role", Object.keys(expected).length + 1);
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
      itemKeys.connectionKey("c"),
      itemKeys.subscriptionKey("c", "s"),
      itemKeys.subscriberKey("partition:topic:0", "c", "s"),
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
