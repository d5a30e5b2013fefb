import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeLog } from "../../functions/http/log.ts";
import { createServices } from "../../shared/services/create-services.ts";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { DutyLoop } from "../duty-loop.ts";
import { openStorage } from "../open-storage.ts";
import type { StoreKind } from "../open-storage.ts";
import { startServer } from "../server.ts";

/** A server of this process, on a free port, over a store that is gone afterwards. */
export interface OwnServer extends AsyncDisposable {
  readonly url: string;
  /** Where the data are, for a person. */
  readonly place: string;
}

/** Starts a server on a new data folder, or for the kind "aws" on what the environment names. */
export async function startOwnServer(kind: StoreKind): Promise<OwnServer> {
  await using undo = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-demo-"));
  undo.defer(() => rm(folder, { recursive: true, force: true }));
  if (kind === "aws") await prepareEmulatedAws();
  const opened = await openStorage(kind, folder);
  undo.defer(() => opened.close());
  const services = createServices(opened.storage);
  const { clock, timers } = opened.storage;
  const duties = new DutyLoop({ duties: services.duties, clock, timers, log: writeLog });
  opened.onWake((duty) => duties.add(duty));
  duties.start();
  undo.defer(() => duties.stop());
  const server = await startServer({ services, host: "127.0.0.1", port: 0 });
  undo.defer(() => server.close());
  const started = undo.move();
  return { url: server.url, place: opened.place, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

/** Creates tables and a bucket where AWS is an emulator and nobody has named any; on AWS itself that is the CDK app's to do. */
async function prepareEmulatedAws(): Promise<void> {
  const variables = process.env;
  const isEmulated = (variables["AWS_ENDPOINT_URL_DYNAMODB"] ?? variables["AWS_ENDPOINT_URL"]) !== undefined;
  if (!isEmulated || variables["STREAMKEEPER_LOG_TABLE"] !== undefined) return;
  const [{ createAwsResources }, { createDynamoDbClient }, { createS3Client }, { createSqsClient }] = await Promise.all(
    [
      import("../../shared/storage/aws/aws-resources.ts"),
      import("../../shared/storage/aws/dynamodb-client.ts"),
      import("../../shared/storage/aws/s3-client.ts"),
      import("../../shared/storage/aws/sqs-client.ts"),
    ],
  );
  const { clock, timers } = createNodeEnvironment();
  const dynamodb = createDynamoDbClient({ clock });
  const s3 = createS3Client({ clock, pathStyle: true });
  const sqs = createSqsClient({ clock });
  try {
    const names = await createAwsResources({ dynamodb, s3, sqs, timers, name: "streamkeeper-demo" });
    variables["STREAMKEEPER_LOG_TABLE"] = names.logTable;
    variables["STREAMKEEPER_ITEM_TABLE"] = names.itemTable;
    variables["STREAMKEEPER_BUCKET"] = names.bucket;
  } finally {
    for (const client of [dynamodb, s3, sqs]) client.destroy();
  }
}
