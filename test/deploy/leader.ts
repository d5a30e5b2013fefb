/**
 * A process that stands for election and leads until it is killed:
 *
 *     node leader.ts <endpoint> <election> <session timeout ms>
 */
import { Election, StreamkeeperClient } from "../../client/index.ts";

const [, , endpoint = "", name = "", timeout = ""] = process.argv;
const { AWS_ACCESS_KEY_ID: accessKeyId = "", AWS_SECRET_ACCESS_KEY: secretAccessKey = "" } = process.env;
const client = new StreamkeeperClient({
  endpoint,
  region: process.env["AWS_REGION"] ?? "",
  credentials: { accessKeyId, secretAccessKey },
});
const session = await client.session({ timeoutMs: Number(timeout) });
const { fencingToken } = await new Election(session, name).campaign({ data: String(process.pid) });
process.stdout.write(`leads ${fencingToken}\n`);
// Heartbeats alone keep no process alive.
setInterval(() => {}, 60_000);
