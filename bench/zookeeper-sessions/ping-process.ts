/** Clients that have a session and do nothing but ping, in a process of their own: opened some at a time, pinged in turn. */
import { LoadConnection } from "../zookeeper/load-connection.ts";

const [port = 0, connections = 0, pingMs = 0] = process.argv.slice(2).map(Number);
const openedAtOnce = 50;
const turnMs = 100;
const pingXid = -2;
const pingCode = 11;

const ping = Buffer.alloc(12);
ping.writeInt32BE(8);
ping.writeInt32BE(pingXid, 4);
ping.writeInt32BE(pingCode, 8);

const open: LoadConnection[] = [];
let next = 0;
let lost = 0;

const turns = setInterval(() => {
  const count = Math.ceil((open.length * turnMs) / pingMs);
  for (let index = 0; index < count; index += 1) {
    open[next % open.length]?.send(ping);
    next = (next + 1) % Math.max(1, open.length);
  }
}, turnMs);

process.on("message", () => {
  clearInterval(turns);
  process.exit(0);
});

async function openAll(): Promise<void> {
  while (open.length < connections) {
    const some = Array.from({ length: Math.min(openedAtOnce, connections - open.length) }, () =>
      LoadConnection.open(port),
    );
    for (const connection of await Promise.all(some)) {
      connection.onLost = () => {
        lost += 1;
        process.send?.({ lost });
      };
      open.push(connection);
    }
  }
  process.send?.({ open: open.length });
}

await openAll();
