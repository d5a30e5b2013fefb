/**
 * List prices in us-east-1, in US dollars, without taxes, free tiers and discounts. The only file with prices; a month has
 * 730 hours, as AWS counts it.
 *
 * A price is checked against the service's page under aws.amazon.com when the date below changes.
 */

export const priceListDate = "2026-11";
export const priceListRegion = "us-east-1";

/** What one unit costs. */
interface Price {
  readonly dollars: number;
  readonly per: string;
  readonly what: string;
}

const perMillion = (dollars: number): number => dollars / 1_000_000;
const perThousand = (dollars: number): number => dollars / 1_000;

export const prices = {
  writeUnit: { dollars: perMillion(0.625), per: "write request unit", what: "DynamoDB on demand: 1 KB written" },
  readUnit: {
    dollars: perMillion(0.125),
    per: "read request unit",
    what: "DynamoDB on demand: 4 KB read consistently",
  },
  tableStorage: { dollars: 0.25, per: "GB-month", what: "DynamoDB standard storage" },
  tableBackup: { dollars: 0.2, per: "GB-month", what: "DynamoDB point-in-time recovery" },
  blobWrite: { dollars: perThousand(0.005), per: "request", what: "S3 Standard: PUT, COPY, POST, LIST" },
  blobRead: { dollars: perThousand(0.0004), per: "request", what: "S3 Standard: GET and all others" },
  blobStorage: { dollars: 0.023, per: "GB-month", what: "S3 Standard storage" },
  functionRequest: { dollars: perMillion(0.2), per: "request", what: "Lambda" },
  functionGbSecond: { dollars: 0.0000133334, per: "GB-second", what: "Lambda on arm64" },
  apiRequest: { dollars: perMillion(1), per: "request of 512 KB", what: "API Gateway, HTTP API" },
  pushMessage: { dollars: perMillion(1), per: "message of 32 KB", what: "API Gateway, WebSocket API" },
  pushMinute: { dollars: perMillion(0.25), per: "minute of a connection", what: "API Gateway, WebSocket API" },
  queueRequest: { dollars: perMillion(0.4), per: "request of 64 KB", what: "SQS" },
  logIngestion: { dollars: 0.5, per: "GB", what: "CloudWatch Logs, taken in" },
  logStorage: { dollars: 0.03, per: "GB-month", what: "CloudWatch Logs, kept" },
  metric: { dollars: 0.3, per: "metric and month", what: "CloudWatch custom metric, of the first 10,000" },
  alarm: { dollars: 0.1, per: "alarm and month", what: "CloudWatch alarm" },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof prices;

/** What others charge, for comparison. */
export const peerPrices = {
  kinesisIn: { dollars: 0.08, per: "GB", what: "Kinesis on demand, written; a record counts as 1 KB at least" },
  kinesisOut: { dollars: 0.04, per: "GB", what: "Kinesis on demand, read" },
  kinesisStreamHour: { dollars: 0.04, per: "stream-hour", what: "Kinesis on demand" },
  kinesisExtendedStorage: { dollars: 0.1, per: "GB-month", what: "Kinesis on demand, kept for 1 to 7 days" },
  kinesisAdvantageIn: { dollars: 0.032, per: "GB", what: "Kinesis on-demand Advantage, written" },
  kinesisAdvantageOut: { dollars: 0.016, per: "GB", what: "Kinesis on-demand Advantage, read" },
  kinesisAdvantageStorage: { dollars: 0.023, per: "GB-month", what: "Kinesis on-demand Advantage, kept beyond a day" },
  mskClusterHour: { dollars: 0.75, per: "cluster-hour", what: "MSK Serverless" },
  mskPartitionHour: { dollars: 0.0015, per: "partition-hour", what: "MSK Serverless" },
  mskIn: { dollars: 0.1, per: "GB", what: "MSK Serverless, written" },
  mskOut: { dollars: 0.05, per: "GB", what: "MSK Serverless, read" },
  mskStorage: { dollars: 0.1, per: "GB-month", what: "MSK Serverless storage" },
  warpStreamIn: { dollars: 0.01, per: "GiB", what: "WarpStream, written; its cluster fee and agents come on top" },
  instanceHour: { dollars: 0.0208, per: "hour", what: "EC2 t3.small" },
  diskStorage: { dollars: 0.08, per: "GB-month", what: "EBS gp3" },
  crossZone: { dollars: 0.02, per: "GB", what: "EC2, sent from one zone to another: $0.01 on each side" },
} as const satisfies Readonly<Record<string, Price>>;
