/** What others would charge for the same load, by their list prices. */
import type { Load } from "./load.ts";
import { monthHours } from "./predict.ts";
import { peerPrices as prices } from "./price-list.ts";

export interface PeerBill {
  readonly name: string;
  readonly dollars: number;
  /** What is in it and what is not. */
  readonly note: string;
}

const mib = 1_048_576;
const gb = 1_000_000_000;
const monthSeconds = monthHours * 3_600;
/** Advantage bills at least this much of the account's throughput. */
const advantageMibPerSecondMin = 25;
/** What three t3.small carry: network and burst credits end there. */
const nodesMibPerSecond = 30;
const nodeDiskGbMin = 20;

/** Those that do what the load asks for: streams, coordination or both. */
export function peerBills(load: Load): readonly PeerBill[] {
  const streams = load.writeMibPerSecond > 0 ? [kinesis(load), advantage(load), msk(load), warpStream(load)] : [];
  return [...streams, selfRun(load)];
}

function kinesis(load: Load): PeerBill {
  const dollars =
    kinesisGb(load) * prices.kinesisIn.dollars +
    load.consumers * writtenGb(load) * prices.kinesisOut.dollars +
    monthHours * prices.kinesisStreamHour.dollars +
    keptGb(load, 1) * prices.kinesisExtendedStorage.dollars;
  return {
    name: "Kinesis on demand",
    dollars,
    note: "one stream; a record of less counts as 1 KB; 24 h of storage are free",
  };
}

function advantage(load: Load): PeerBill {
  const least = (advantageMibPerSecondMin * mib * monthSeconds) / gb;
  const dollars =
    Math.max(least, kinesisGb(load)) * prices.kinesisAdvantageIn.dollars +
    Math.max(least, load.consumers * writtenGb(load)) * prices.kinesisAdvantageOut.dollars +
    keptGb(load, 1) * prices.kinesisAdvantageStorage.dollars;
  return { name: "Kinesis Advantage", dollars, note: `at least ${advantageMibPerSecondMin} MiB/s are billed` };
}

function msk(load: Load): PeerBill {
  const dollars =
    monthHours * (prices.mskClusterHour.dollars + load.partitions * prices.mskPartitionHour.dollars) +
    writtenGb(load) * (prices.mskIn.dollars + load.consumers * prices.mskOut.dollars) +
    keptGb(load, 0) * prices.mskStorage.dollars;
  return { name: "MSK Serverless", dollars, note: "at most 200 MiB/s written" };
}

function warpStream(load: Load): PeerBill {
  const dollars = ((load.writeMibPerSecond * monthSeconds) / 1_024) * prices.warpStreamIn.dollars;
  return { name: "WarpStream", dollars, note: "without its cluster fee, its agents, and S3" };
}

function selfRun(load: Load): PeerBill {
  const written = load.writeMibPerSecond;
  const nodes = 3 * Math.max(1, Math.ceil((written * (3 + load.consumers)) / nodesMibPerSecond));
  const disksGb = Math.max(nodes * nodeDiskGbMin, 3 * keptGb(load, 0));
  // Two of three producers are in another zone, and each record is copied to two.
  const crossGb = writtenGb(load) * (2 / 3 + 2);
  const dollars =
    nodes * monthHours * prices.instanceHour.dollars +
    disksGb * prices.diskStorage.dollars +
    crossGb * prices.crossZone.dollars;
  const what = written > 0 ? "Kafka" : "ZooKeeper";
  return {
    name: `Self-run ${what}`,
    dollars,
    note: `${nodes} t3.small in three zones and their disks; who runs them is not in it`,
  };
}

function writtenGb(load: Load): number {
  return (load.writeMibPerSecond * mib * monthSeconds) / gb;
}

function kinesisGb(load: Load): number {
  return writtenGb(load) * (Math.ceil(load.recordBytes / 1_024) * (1_024 / load.recordBytes));
}

/** What is kept at any time, beyond the first days. */
function keptGb(load: Load, freeDays: number): number {
  return (load.writeMibPerSecond * mib * 86_400 * Math.max(0, load.retentionDays - freeDays)) / gb;
}
