/** The tables of docs/cost.md, by the predictor: `node bench/cost/cost-page.ts [--check]`. */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { formatDollars } from "../../local/console/bill-text.ts";
import { describeLoad, type Load } from "../../shared/cost/load.ts";
import { type PeerBill, peerBills } from "../../shared/cost/peers.ts";
import { predictBill } from "../../shared/cost/predict.ts";
import { priceListDate, priceListRegion } from "../../shared/cost/price-list.ts";

const page = fileURLToPath(new URL("../../docs/cost.md", import.meta.url));
const begin = "<!-- tables: node bench/cost/cost-page.ts -->\n";
const end = "<!-- end of tables -->\n";

type Row = readonly [title: string, load: Partial<Load>];

const kb = 1_000 / 1_048_576;
const streams: readonly Row[] = [
  ["idle", {}],
  ["10 KB/s in batches of 10 KB", { writeMibPerSecond: 10 * kb, batchBytes: 10_000 }],
  ["1 MB/s, records one by one", { writeMibPerSecond: 1_000 * kb, batchBytes: 1_100 }],
  ["1 MB/s in batches of 64 KB", { writeMibPerSecond: 1_000 * kb, batchBytes: 65_536 }],
  ["1 MB/s in batches of 1 MiB", { writeMibPerSecond: 1_000 * kb, batchBytes: 1_048_576 }],
  ["10 MB/s in batches of 1 MiB", { writeMibPerSecond: 10_000 * kb, batchBytes: 1_048_576, partitions: 10 }],
  ["100 MB/s in batches of 1 MiB", { writeMibPerSecond: 100_000 * kb, batchBytes: 1_048_576, partitions: 100 }],
  ["1 MB/s in batches of 1 MiB, by long poll", { writeMibPerSecond: 1_000 * kb, batchBytes: 1_048_576, push: false }],
];
const coordination: readonly Row[] = [
  ["3 sessions, a write a minute", { sessions: 3, znodeWritesPerSecond: 1 / 60 }],
  ["20 sessions, 0.1 writes/s, 1 read/s", { sessions: 20, znodeWritesPerSecond: 0.1, znodeReadsPerSecond: 1 }],
  ["100 sessions, 2 writes/s, 20 reads/s", { sessions: 100, znodeWritesPerSecond: 2, znodeReadsPerSecond: 20 }],
  ["1,000 sessions, 50 writes/s, 500 reads/s", { sessions: 1_000, znodeWritesPerSecond: 50, znodeReadsPerSecond: 500 }],
];

/** The page with its tables as they are now. */
export function withTables(text: string): string {
  const [head, rest] = text.split(begin);
  const tail = rest?.split(end)[1];
  if (head === undefined || tail === undefined) throw new Error("docs/cost.md has lost the marks around its tables");
  return `${head}${begin}\n${tables()}\n${end}${tail}`;
}

function tables(): string {
  return [
    `List prices of ${priceListRegion}, ${priceListDate}, in dollars a month; function URLs, one consumer, 7 days of retention.`,
    table(["stream", "Streamkeeper", "per GiB written", ...names(streams)], streams.map(streamRow)),
    table(
      ["coordination", "Streamkeeper", "with an HTTP API", "self-run ZooKeeper"],
      coordination.map(coordinationRow),
    ),
  ].join("\n\n");
}

function streamRow([title, given]: Row): string[] {
  const load = describeLoad({ ...given, functionUrls: true });
  const { dollars, dollarsPerGibWritten } = predictBill(load);
  const peers = peerBills(load);
  const others = names(streams).map((name) => dollarsOf(peers, name));
  return [
    title,
    formatDollars(dollars),
    dollarsPerGibWritten === undefined ? "" : formatDollars(dollarsPerGibWritten),
    ...others,
  ];
}

function coordinationRow([title, given]: Row): string[] {
  const load = describeLoad({ ...given, functionUrls: true });
  const byHttpApi = predictBill({ ...load, functionUrls: false });
  const [selfRun] = peerBills(load).map(({ dollars }) => dollars);
  return [
    title,
    formatDollars(predictBill(load).dollars),
    formatDollars(byHttpApi.dollars),
    formatDollars(selfRun ?? 0),
  ];
}

function names(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.flatMap(([, load]) => peerBills(describeLoad(load)).map(({ name }) => name)))].filter(
    (name) => name !== "Self-run ZooKeeper",
  );
}

function dollarsOf(peers: readonly PeerBill[], name: string): string {
  const peer = peers.find((each) => each.name === name);
  return peer === undefined ? "" : formatDollars(peer.dollars);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map((_, column) => (column === 0 ? "---" : "---:")), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const present = await readFile(page, "utf8");
  const wanted = withTables(present);
  if (process.argv.includes("--check")) {
    if (present !== wanted) throw new Error("docs/cost.md is out of date: node bench/cost/cost-page.ts");
  } else await writeFile(page, wanted);
}
