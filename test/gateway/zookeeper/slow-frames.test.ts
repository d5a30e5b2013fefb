import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { WireClient } from "./wire-client.ts";
import { zookeeperBed } from "./zookeeper-bed.ts";

const frameBytes = 60_000;

/** The beginning of a frame that is never whole. */
function begin(client: WireClient): void {
  const head = Buffer.alloc(frameBytes / 2);
  head.writeInt32BE(frameBytes);
  client.sendPart(head);
}

test("of frames that are not whole the oldest goes where there are too many, also where more of it comes bit by bit", async () => {
  await using bed = await zookeeperBed({ limits: { requestBytes: 2.5 * frameBytes, answerBytes: 1_000_000 } });
  const [slow, other, last] = [await bed.connect(), await bed.connect(), await bed.connect()];
  begin(slow);
  await sleep(60);
  begin(other);
  await sleep(60);
  for (let count = 0; count < 3; count += 1) {
    slow.sendPart(Buffer.alloc(1));
    await sleep(20);
  }
  expect(bed.held()).toMatchObject({ connections: 3, waitingBytes: 2 * frameBytes });
  begin(last);
  await slow.closed();
  expect([other.isClosed, last.isClosed]).toEqual([false, false]);
});

test("a session is not kept alive by a frame that is never whole", { timeout: 10_000 }, async () => {
  await using bed = await zookeeperBed({ tickMs: 500 });
  const client = await bed.connect({ timeOut: 1_000 });
  begin(client);
  const trickle = setInterval(() => client.sendPart(Buffer.alloc(1)), 100);
  await client.closed();
  clearInterval(trickle);
});
