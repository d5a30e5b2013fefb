/**
 * A process that stands for election and, while it leads, writes with its token: records to a topic, and a znode guarded by
 * its fence. Killed from outside; after a term that it lost it stands again.
 *
 *     node leading-client.ts <endpoint> <topic> <session timeout ms>
 */
import { isServiceException, Election, type Leadership, StreamkeeperClient } from "../../client/index.ts";
import { ProduceToPartitionCommand } from "../../client/index.ts";
import { guardedPath, electionName } from "./killed-leader.ts";

const [, , endpoint = "", topic = "", timeout = ""] = process.argv;
const client = new StreamkeeperClient({ endpoint });

for (;;) {
  const session = await client.session({ timeoutMs: Number(timeout) });
  try {
    const leadership = await new Election(session, electionName).campaign({ data: String(process.pid) });
    process.stdout.write(`leads ${leadership.fencingToken}\n`);
    await write(leadership);
  } catch (error) {
    process.stdout.write(`lost ${String(error)}\n`);
  }
  await session.close();
}

/** Writes as fast as it is answered, and past the point where it should know better: the fences are to stop it. */
async function write({ fencingToken, fence }: Leadership): Promise<void> {
  const znodes = client.znodes();
  for (let written = 0; ; written += 1) {
    const value = JSON.stringify({ fencingToken, written });
    try {
      await client.send(new ProduceToPartitionCommand({ topic, partition: 0, records: [{ value }], fencingToken }));
      await znodes.multi([fence, { type: "setData", path: guardedPath, data: value }]);
    } catch (error) {
      if (isServiceException(error, "FENCED")) throw error;
    }
  }
}
