import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PeerLinks } from "../../../gateway/kafka/peer-links.ts";
import { peerRetryMs } from "../../../shared/limits/gateway-cluster.ts";

let server: Server;
let sockets: Set<Socket>;
let links: PeerLinks;
let changes: number;

async function listen(port = 0): Promise<number> {
  sockets = new Set();
  server = createServer((socket) => sockets.add(socket));
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** As the end of its process does it. */
async function end(): Promise<void> {
  for (const socket of sockets) socket.resetAndDestroy();
  server.close();
  await once(server, "close");
}

beforeEach(() => {
  changes = 0;
  links = new PeerLinks(() => (changes += 1));
});

afterEach(async () => {
  links.close();
  if (server.listening) await end();
});

test("a gateway whose process ends is gone at once, until it is there again", async () => {
  const port = await listen();
  const peer = { nodeId: 7, host: "127.0.0.1", port, owner: 1n };
  links.follow([peer]);
  await vi.waitFor(() => expect(sockets.size).toBe(1));
  await sleep(peerRetryMs);
  await end();
  await vi.waitFor(() => expect(links.isGone(7)).toBe(true), { timeout: peerRetryMs / 2, interval: 10 });
  links.follow([peer]);
  expect(links.isGone(7)).toBe(true);
  await listen(port);
  await vi.waitFor(() => expect(links.isGone(7)).toBe(false), { timeout: 5 * peerRetryMs });
  expect(changes).toBe(2);
});

test("another process under the same id is not taken for the one that is gone, nor is one that was never reached", async () => {
  const port = await listen();
  const peer = { nodeId: 7, host: "127.0.0.1", port, owner: 1n };
  await end();
  links.follow([peer]);
  await sleep(100);
  expect(links.isGone(7)).toBe(false);
  links.follow([{ ...peer, owner: 2n }]);
  expect(links.isGone(7)).toBe(false);
  links.follow([]);
  expect([links.isGone(7), changes]).toEqual([false, 0]);
});
