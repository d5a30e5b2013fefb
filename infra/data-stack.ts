/** What must outlive every upgrade: the tables and the bucket, in a stack of their own. */
import { Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { BucketEmptier } from "./constructs/bucket-emptier.ts";
import { BlobBucket } from "./constructs/blob-bucket.ts";
import { ItemTable } from "./constructs/item-table.ts";
import { LogTable } from "./constructs/log-table.ts";
import type { Settings } from "./settings.ts";

/** Where all state is. */
export interface DataStores {
  readonly logs: LogTable;
  readonly items: ItemTable;
  readonly blobs: BlobBucket;
}

/** Holds state, and no code where that is to be kept, so that it hardly ever changes. A logical id in here that changes is data that is lost. */
export class DataStack extends Stack implements DataStores {
  readonly logs: LogTable;
  readonly items: ItemTable;
  readonly blobs: BlobBucket;

  constructor(scope: Construct, settings: Settings) {
    super(scope, `${settings.stackName}-Data`, {
      env: { account: settings.account, region: settings.region },
      description: "Streamkeeper: its logs, items and blobs",
      terminationProtection: settings.retainData,
    });
    this.logs = new LogTable(this, "Logs", settings);
    this.items = new ItemTable(this, "Items", settings);
    this.blobs = new BlobBucket(this, "Blobs", settings);
    if (!settings.retainData) {
      const { bucket } = this.blobs;
      new BucketEmptier(this, "Emptier", { bucket, logRetention: settings.logRetentionDays });
    }
    this.#exportAll();
  }

  /**
   * Whether or not the service of this version asks for it: this stack is deployed first, and CloudFormation refuses to take
   * away what the version that still runs imports.
   */
  #exportAll(): void {
    for (const { table } of [this.logs, this.items]) {
      this.exportValue(table.tableName);
      this.exportValue(table.tableArn);
    }
    this.exportValue(this.logs.streamArn);
    this.exportValue(this.blobs.bucket.bucketName);
    this.exportValue(this.blobs.bucket.bucketArn);
  }
}
