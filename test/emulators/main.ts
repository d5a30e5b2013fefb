/**
 * Runs the emulators of AWS on this machine until it is interrupted:
 *
 *     node test/emulators/main.ts [--folder <existing folder>] [--dynamodb-port <port>] [--s3-port <port>] [--name <name>]
 *
 * Creates the tables, the bucket and the queue, prints the variables by which Streamkeeper and the AWS SDK find them, as
 * lines for a shell, and prints them last: who has read `STREAMKEEPER_DUTY_QUEUE_URL` may begin. Tables and blobs are kept
 * in the folder, or in memory where none is given.
 */
import { mkdir } from "node:fs/promises";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { createNodeEnvironment } from "../../shared/storage/node/node-environment.ts";
import { createEmulatedResources } from "./emulated-storage.ts";
import { startEmulators } from "./emulators.ts";

const { values } = parseArgs({
  options: {
    folder: { type: "string" },
    "dynamodb-port": { type: "string" },
    "s3-port": { type: "string" },
    name: { type: "string", default: "streamkeeper" },
  },
});
if (values.folder !== undefined) await mkdir(values.folder, { recursive: true });

const emulators = await startEmulators({
  folder: values.folder,
  dynamoDbPort: portFrom(values["dynamodb-port"]),
  s3SqsPort: portFrom(values["s3-port"]),
});
const interrupted = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
try {
  const names = await createEmulatedResources(emulators, createNodeEnvironment(), values.name);
  const variables = {
    ...emulators.variables,
    STREAMKEEPER_LOG_TABLE: names.logTable,
    STREAMKEEPER_ITEM_TABLE: names.itemTable,
    STREAMKEEPER_BUCKET: names.bucket,
    STREAMKEEPER_DUTY_QUEUE_URL: names.dutyQueueUrl ?? "",
    STREAMKEEPER_EXPIRY_QUEUE_URL: names.expiryQueueUrl ?? "",
  };
  process.stderr.write(`${emulators.dynamoDbName} and fauxqs are running; Ctrl-C stops them.\n`);
  process.stdout.write(
    Object.entries(variables)
      .map(([variable, value]) => `export ${variable}=${value}\n`)
      .join(""),
  );
  await interrupted;
} finally {
  await emulators.stop();
}

function portFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`not a port: ${text}`);
  return port;
}
