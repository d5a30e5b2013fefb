/** What a deployment keeps its data in, seen from outside. */
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { toldBy } from "./deployed-functions.ts";
import type { Deployment } from "./deployment.ts";
import { administrator, emulatedRegion } from "./emulator.ts";
import type { Emulator } from "./emulator.ts";

export interface StoreNames {
  readonly tables: readonly string[];
  readonly bucket: string;
}

/** What the functions of a deployment are told. */
export async function storesOf(deployment: Deployment): Promise<StoreNames> {
  return {
    tables: [await toldBy(deployment, "STREAMKEEPER_LOG_TABLE"), await toldBy(deployment, "STREAMKEEPER_ITEM_TABLE")],
    bucket: await toldBy(deployment, "STREAMKEEPER_BUCKET"),
  };
}

/** How many of them there are. */
export async function countExisting({ url: endpoint }: Emulator, { tables, bucket }: StoreNames): Promise<number> {
  const options = { endpoint, region: emulatedRegion, credentials: administrator };
  const dynamodb = new DynamoDBClient(options);
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  try {
    const { TableNames: tableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
    const { Buckets: buckets = [] } = await s3.send(new ListBucketsCommand({}));
    const found = [...tableNames, ...buckets.map(({ Name: name }) => name)];
    return [...tables, bucket].filter((name) => found.includes(name)).length;
  } finally {
    dynamodb.destroy();
    s3.destroy();
  }
}
