import { type Command, InvalidArgumentError } from "commander";
import { describeLoad, type Load, loadBounds } from "../../shared/cost/load.ts";
import { peerBills } from "../../shared/cost/peers.ts";
import { assumptions, predictBill } from "../../shared/cost/predict.ts";
import { priceListDate, priceListRegion } from "../../shared/cost/price-list.ts";
import { billText } from "../console/bill-text.ts";
import type { Terminal } from "../console/terminal.ts";

type CostOptions = Partial<Load> & { readonly json?: boolean; readonly longPoll?: boolean };

const examples = `
List prices of ${priceListRegion}, ${priceListDate}, without free tiers and discounts. How long functions run is assumed, not measured;
docs/cost.md says what is behind the figures, and --json shows them.

Examples:
  $ streamkeeper cost                                             a month in which nothing happens
  $ streamkeeper cost --write-mib-s 1 --batch-bytes 1048576 --function-urls
  $ streamkeeper cost --write-mib-s 10 --partitions 20 --consumers 3 --retention-days 30
  $ streamkeeper cost --znode-writes-s 2 --znode-reads-s 20 --sessions 50`;

const quantities = [
  ["--write-mib-s <number>", "writeMibPerSecond", "MiB per second written to topics, all together"],
  ["--record-bytes <number>", "recordBytes", "size of a record"],
  ["--batch-bytes <number>", "batchBytes", "size of a batch as producers send it"],
  ["--partitions <number>", "partitions", "partitions of all topics"],
  ["--consumers <number>", "consumers", "how often all is read when it is new"],
  ["--replays <number>", "replays", "how often all is read later, from segments"],
  ["--retention-days <number>", "retentionDays", "how long records are kept"],
  ["--inline-bytes-max <number>", "inlineBytesMax", "a larger batch goes to S3"],
  ["--znode-writes-s <number>", "znodeWritesPerSecond", "writes of znodes per second"],
  ["--znode-bytes <number>", "znodeBytes", "size of a znode's data"],
  ["--znode-reads-s <number>", "znodeReadsPerSecond", "linearizable reads per second"],
  ["--cached-reads-s <number>", "cachedReadsPerSecond", "session-consistent reads per second"],
  ["--sessions <number>", "sessions", "sessions that are alive"],
  ["--session-timeout-s <number>", "sessionTimeoutSeconds", "their timeout; they beat three times in it"],
  ["--alarms <number>", "alarms", "CloudWatch alarms"],
  ["--metrics <number>", "metrics", "CloudWatch custom metrics"],
] as const;

/** Adds `streamkeeper cost`. */
export function registerCost(program: Command, terminal: Terminal = process): void {
  const command = program
    .command("cost")
    .description("predict a month's bill on AWS for a load, beside what others charge");
  for (const [flags, name, description] of quantities) {
    const { min, max, fallback } = loadBounds[name];
    const option = command.createOption(flags, `${description} (${min} to ${max})`).argParser(boundedNumber(min, max));
    // Options go by the names of the load.
    command.addOption(Object.assign(option.default(fallback), { attributeName: () => name }));
  }
  command
    .option("--function-urls", "requests come by function URLs, not by an HTTP API")
    .option("--long-poll", "a deployment without push: consumers poll instead of being told over WebSocket")
    .option("--json", "write JSON")
    .addHelpText("after", examples)
    .action((options: CostOptions) => cost(terminal, options));
}

function cost(terminal: Terminal, { json = false, longPoll = false, ...given }: CostOptions): void {
  const load = describeLoad({ ...given, push: !longPoll });
  const bill = predictBill(load);
  const peers = peerBills(load);
  const report = { priceListDate, priceListRegion, load, assumptions, ...bill, peers };
  terminal.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : billText(bill, peers));
}

function boundedNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return value;
  };
}
