/** A process that checks one history and tells what it took: `check-kind.ts KIND OPERATIONS CLIENTS UNSURE SEED`. */
import { checkerKinds } from "./kinds.ts";

const [kind = "", operations, clients, unsure, seed] = process.argv.slice(2);
const prepare = checkerKinds[kind];
if (prepare === undefined) throw new Error(`nothing is known of ${kind}`);
const check = prepare({
  operations: Number(operations),
  clients: Number(clients),
  unsure: Number(unsure),
  seed: Number(seed),
});
const historyRssBytes = process.memoryUsage().rss;
const startedAt = performance.now();
const cpuBefore = process.cpuUsage();
const anomalies = check();
const elapsedMs = Math.round(performance.now() - startedAt);
const { user, system } = process.cpuUsage(cpuBefore);
const cpuMs = Math.round((user + system) / 1_000);
const rssBytesMax = process.resourceUsage().maxRSS * 1_024;
console.log(JSON.stringify({ elapsedMs, cpuMs, historyRssBytes, rssBytesMax, anomalies }));
