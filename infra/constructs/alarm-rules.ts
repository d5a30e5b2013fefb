/** What is worth an alarm: of the services that the deployment stands on, and of what it counts itself. */
import { Duration } from "aws-cdk-lib";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { Metric, Stats } from "aws-cdk-lib/aws-cloudwatch";
import type { IMetric } from "aws-cdk-lib/aws-cloudwatch";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import type { MetricName, MetricsLevel } from "../../shared/metrics/catalogue.ts";
import { dimensionNames, metricsNamespace } from "../../shared/metrics/emf.ts";
import type { CapabilityFunction } from "./capability-function.ts";
import type { DutyQueue } from "./duty-queue.ts";

const period = Duration.minutes(5);

/** A duty is delayed by 15 min at most (SQS) and tried five times within an hour; what is older than that is stuck. */
const dutyAgeSecondsMax = 2 * 3600;

/** A look at a session waits for 15 min at most before it is due (SQS counts from when it was sent), and takes a moment. */
const expiryAgeSecondsMax = 20 * 60;

/** Requests that may fail on our side within a period before somebody is called: one is no trend. */
const serverErrorsMax = 5;

/** Two sweeps have come by since, and neither their duties nor the queue's have sealed it. */
const sealingLagSecondsMax = 2 * 3600;

/** A third of the 12 h after which produce refuses: there is a working day's time left. */
const unsealedAgeSecondsMax = 4 * 3600;

/** Answers of 429 within a period: clients come again by themselves, and only many of them for a while are a lack of capacity. */
const throttledMax = 100;

/** The slowest of a hundred requests, ms: what loads a large tree in a new container takes about as long. */
const slowMsMax = 3_000;

const throttleMetrics = { reads: "ReadThrottleEvents", writes: "WriteThrottleEvents" } as const;

export interface AlarmRule {
  readonly id: string;
  /** Name of its page in `docs/runbooks/`. */
  readonly runbook: string;
  readonly description: string;
  readonly metric: IMetric;
  /** The alarm goes off above it. */
  readonly above: number;
  /** Periods in a row; one when not given. */
  readonly periods?: number;
  /** The metric comes once an hour, or less: until it says that all is well, it is not. */
  readonly isSeldom?: boolean;
}

export interface WatchedResources {
  readonly functions: readonly CapabilityFunction[];
  readonly tables: Readonly<Record<string, Table>>;
  readonly duties: DutyQueue;
  readonly expiry: DutyQueue;
  readonly api: HttpApi;
  /** Functions that are called past the API as well. */
  readonly withUrls?: readonly CapabilityFunction[];
}

/** Of SQS, API Gateway, Lambda and DynamoDB. */
export function resourceRules(watched: WatchedResources): AlarmRule[] {
  const { functions, tables, duties, expiry, api, withUrls = [] } = watched;
  const waiting = { period, statistic: Stats.MAXIMUM };
  return [
    {
      id: "DutiesFailed",
      runbook: "duties-failed",
      description:
        "A background duty or a sweep failed every time and waits in the dead-letter queue. A partition may not be sealed: " +
        "hot entries live for 24 h.",
      metric: duties.failed.metricApproximateNumberOfMessagesVisible(waiting),
      above: 0,
    },
    {
      id: "DutiesLate",
      runbook: "duties-late",
      description: "The oldest background duty has waited for too long: sealing and retention do not keep up.",
      metric: duties.queue.metricApproximateAgeOfOldestMessage(waiting),
      above: dutyAgeSecondsMax,
    },
    {
      id: "ExpiryFailed",
      runbook: "expiry-failed",
      description:
        "The end of a session failed every time and waits in the dead-letter queue. Its ephemerals stay until the next sweep.",
      metric: expiry.failed.metricApproximateNumberOfMessagesVisible(waiting),
      above: 0,
    },
    {
      id: "ExpiryLate",
      runbook: "expiry-late",
      description: "Sessions are not ended in time: locks and leads of clients that are gone are held too long.",
      metric: expiry.queue.metricApproximateAgeOfOldestMessage(waiting),
      above: expiryAgeSecondsMax,
    },
    {
      id: "ServerErrors",
      runbook: "server-errors",
      description: "Requests fail with a status of 5xx.",
      metric: api.metricServerError({ period, statistic: Stats.SUM }),
      above: serverErrorsMax,
      periods: 2,
    },
    ...withUrls.map(({ capability, function: lambda }) => ({
      id: `${capability}-url-errors`,
      runbook: "server-errors",
      description: `Requests to the URL of the ${capability} function fail with a status of 5xx.`,
      metric: lambda.metric("Url5xxCount", { period, statistic: Stats.SUM }),
      above: serverErrorsMax,
      periods: 2,
    })),
    ...functions.flatMap(functionRules),
    ...Object.entries(tables).flatMap(([name, table]) => tableRules(name, table)),
  ];
}

function functionRules({ capability, function: lambda }: CapabilityFunction): AlarmRule[] {
  return [
    {
      id: `${capability}-errors`,
      runbook: "function-errors",
      description: `The ${capability} function throws or runs out of time or memory; expected failures are answers, not errors.`,
      metric: lambda.metricErrors({ period, statistic: Stats.SUM }),
      above: 0,
    },
    {
      id: `${capability}-throttles`,
      runbook: "function-throttles",
      description: `Lambda refuses to start the ${capability} function: the account's concurrency is used up.`,
      metric: lambda.metricThrottles({ period, statistic: Stats.SUM }),
      above: 0,
      periods: 2,
    },
  ];
}

function tableRules(name: string, table: Table): AlarmRule[] {
  return Object.entries(throttleMetrics).map(([what, metricName]) => ({
    id: `${name}-${what}-throttles`,
    runbook: "table-throttles",
    description: `DynamoDB throttles ${what} of the ${name} table: more than a partition of it can take (writes: 1 MB/s).`,
    metric: table.metric(metricName, { period, statistic: Stats.SUM }),
    above: 0,
    periods: 3,
  }));
}

export interface ServiceRuleOptions {
  /** The deployment's name. */
  readonly cluster: string;
  readonly metricsLevel: MetricsLevel;
  readonly consumerLagOffsetsMax?: number | undefined;
  readonly consumerLagSecondsMax?: number | undefined;
}

/** Of what the functions count themselves; none where they do not. */
export function serviceRules(options: ServiceRuleOptions): AlarmRule[] {
  const { cluster, metricsLevel } = options;
  if (metricsLevel === "NONE") return [];
  const metricOf = (name: MetricName, statistic: string, more: Readonly<Record<string, string>> = {}): Metric =>
    serviceMetric(cluster, name, { statistic, ...more });
  return [
    {
      id: "SealingLate",
      runbook: "sealing-late",
      description: "Entries of a partition have been due for sealing for more than two hours.",
      metric: metricOf("SealingLag", Stats.MAXIMUM),
      above: sealingLagSecondsMax,
      isSeldom: true,
    },
    {
      id: "UnsealedOld",
      runbook: "unsealed-old",
      description: "A partition has entries of more than 4 h that no segment holds; at 12 h it refuses to take more.",
      metric: metricOf("OldestUnsealedAge", Stats.MAXIMUM),
      above: unsealedAgeSecondsMax,
      isSeldom: true,
    },
    {
      id: "ProduceRefused",
      runbook: "produce-refused",
      description: "A partition refuses records because its entries have not been sealed for 12 h.",
      metric: metricOf("UnsealedRefusals", Stats.SUM),
      above: 0,
    },
    {
      id: "DeadLetters",
      runbook: "dead-letters",
      description: "A share group has put records aside that were not processed after all deliveries.",
      metric: metricOf("DeadLetters", Stats.SUM),
      above: 0,
    },
    {
      id: "RequestsThrottled",
      runbook: "requests-throttled",
      description: "Many requests are answered with 429, and clients have to slow down.",
      metric: metricOf("ErrorsPerSec", Stats.SUM, { error: "THROTTLING_QUOTA_EXCEEDED" }),
      above: throttledMax,
      periods: 3,
    },
    {
      id: "RequestsSlow",
      runbook: "requests-slow",
      description: "One request of a hundred takes more than 3 s, not counting what long polls wait.",
      metric: metricOf("LocalTimeMs", "p99"),
      above: slowMsMax,
      periods: 3,
    },
    ...lagRules(options),
  ];
}

function lagRules({ cluster, consumerLagOffsetsMax, consumerLagSecondsMax }: ServiceRuleOptions): AlarmRule[] {
  const rule = (id: string, name: MetricName, above: number | undefined, what: string): AlarmRule[] => {
    if (above === undefined) return [];
    const description = `A consumer group is ${above} ${what} or more behind.`;
    const metric = serviceMetric(cluster, name, { statistic: Stats.MAXIMUM });
    return [{ id, runbook: "consumer-lag", description, metric, above, periods: 3, isSeldom: true }];
  };
  return [
    ...rule("ConsumerLagOffsets", "MaxOffsetLag", consumerLagOffsetsMax, "records of a partition"),
    ...rule("ConsumerLagTime", "EstimatedMaxTimeLag", consumerLagSecondsMax, "s"),
  ];
}

/** A metric that the functions write, of the whole deployment or of some labels. */
export function serviceMetric(
  cluster: string,
  metricName: MetricName,
  { statistic, ...labels }: { readonly statistic: string } & Readonly<Record<string, string>>,
): Metric {
  const dimensionsMap = Object.fromEntries(
    Object.entries({ cluster, ...labels }).map(([label, value]) => [dimensionNames[label] ?? label, value]),
  );
  return new Metric({ namespace: metricsNamespace, metricName, dimensionsMap, statistic, period });
}
