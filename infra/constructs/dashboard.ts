/** One page on how the deployment does: traffic, latency, errors, lag, sealing, and what it asks of the storage. */
import { Duration } from "aws-cdk-lib";
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  MathExpression,
  Stats,
} from "aws-cdk-lib/aws-cloudwatch";
import type { Alarm, IMetric, IWidget } from "aws-cdk-lib/aws-cloudwatch";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import { prices } from "../../shared/cost/price-list.ts";
import type { MetricName } from "../../shared/metrics/catalogue.ts";
import { dimensionNames, metricsNamespace } from "../../shared/metrics/emf.ts";
import { serviceMetric } from "./alarm-rules.ts";
import type { CapabilityFunction } from "./capability-function.ts";
import type { DutyQueue } from "./duty-queue.ts";

const period = Duration.minutes(5);
const [thirdOfPage, height] = [8, 6];

/** Of a million, $: the numbers of an expression have no exponents. */
const ofMillion = ({ dollars }: { readonly dollars: number }): string => (dollars * 1e6).toFixed(7);

export interface DashboardProps {
  /** The deployment's name. */
  readonly cluster: string;
  readonly functions: readonly CapabilityFunction[];
  readonly tables: Readonly<Record<string, Table>>;
  readonly duties: DutyQueue;
  readonly expiry: DutyQueue;
  readonly alarms: readonly Alarm[];
}

export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const widgets: IWidget[][] = [traffic(props), requests(props), lag(props), sealing(props), storage(props)];
    if (props.alarms.length > 0) widgets.unshift([new AlarmStatusWidget({ alarms: [...props.alarms], width: 24 })]);
    new CloudWatchDashboard(this, "Dashboard", { dashboardName: props.cluster, widgets });
  }
}

function traffic({ cluster }: DashboardProps): IWidget[] {
  return [
    graph("Bytes/s", [
      perSecond(cluster, "BytesInPerSec", "bytesIn", "in"),
      perSecond(cluster, "BytesOutPerSec", "bytesOut", "out"),
    ]),
    graph("Records appended/s", [perSecond(cluster, "MessagesInPerSec", "messagesIn", "records")]),
    graph("Requests/s", [perSecond(cluster, "RequestsPerSec", "requests", "requests")]),
  ];
}

function requests({ cluster, functions }: DashboardProps): IWidget[] {
  return [
    graph("Latency without waits, ms", [
      serviceMetric(cluster, "LocalTimeMs", { statistic: "p50" }),
      serviceMetric(cluster, "LocalTimeMs", { statistic: "p99" }),
    ]),
    graph("Errors by name", [byLabels(cluster, "ErrorsPerSec", ["error"], Stats.SUM)]),
    graph(
      "Function errors and throttles",
      functions.flatMap(({ function: lambda }) => [
        lambda.metricErrors({ period, statistic: Stats.SUM }),
        lambda.metricThrottles({ period, statistic: Stats.SUM }),
      ]),
    ),
  ];
}

function lag({ cluster }: DashboardProps): IWidget[] {
  const ofGroups = (name: MetricName): IMetric =>
    byLabels(cluster, name, ["group", "namespace", "topic"], Stats.MAXIMUM);
  return [
    graph("SumOffsetLag", [ofGroups("SumOffsetLag")]),
    graph("MaxOffsetLag", [ofGroups("MaxOffsetLag")]),
    graph("EstimatedMaxTimeLag, s", [ofGroups("EstimatedMaxTimeLag")]),
  ];
}

function sealing({ cluster, duties, expiry }: DashboardProps): IWidget[] {
  const waiting = { period, statistic: Stats.MAXIMUM };
  return [
    graph("Oldest unsealed entry and sealing lag, s", [
      serviceMetric(cluster, "OldestUnsealedAge", { statistic: Stats.MAXIMUM }),
      serviceMetric(cluster, "SealingLag", { statistic: Stats.MAXIMUM }),
    ]),
    graph("Segments sealed, refusals, dead letters", [
      serviceMetric(cluster, "SegmentsSealed", { statistic: Stats.SUM }),
      serviceMetric(cluster, "UnsealedRefusals", { statistic: Stats.SUM }),
      serviceMetric(cluster, "DeadLetters", { statistic: Stats.SUM }),
    ]),
    graph("Age of the oldest duty, s", [
      duties.queue.metricApproximateAgeOfOldestMessage({ ...waiting, label: "duties" }),
      expiry.queue.metricApproximateAgeOfOldestMessage({ ...waiting, label: "expiry" }),
    ]),
  ];
}

function storage({ cluster, functions, tables }: DashboardProps): IWidget[] {
  const units = Object.entries(tables).flatMap(([name, table]) => [
    table.metricConsumedWriteCapacityUnits({ period, statistic: Stats.SUM, label: `${name} written` }),
    table.metricConsumedReadCapacityUnits({ period, statistic: Stats.SUM, label: `${name} read` }),
  ]);
  return [
    graph("DynamoDB units", units),
    graph("Requests to the storage, sent again, throttled", [
      serviceMetric(cluster, "StorageRequests", { statistic: Stats.SUM }),
      serviceMetric(cluster, "StorageRetries", { statistic: Stats.SUM }),
      serviceMetric(cluster, "StorageThrottles", { statistic: Stats.SUM }),
    ]),
    graph("$/h at list price", [tableDollars(tables), functionDollars(functions)]),
  ];
}

function tableDollars(tables: Readonly<Record<string, Table>>): IMetric {
  const all = Object.values(tables);
  const sums = { period, statistic: Stats.SUM };
  const writes = all.map((table, index) => [`w${index}`, table.metricConsumedWriteCapacityUnits(sums)] as const);
  const reads = all.map((table, index) => [`r${index}`, table.metricConsumedReadCapacityUnits(sums)] as const);
  return new MathExpression({
    expression: `(${sum(writes.map(([id]) => id))}*${ofMillion(prices.writeUnit)}+${sum(reads.map(([id]) => id))}*${ofMillion(prices.readUnit)})/1000000*3600/PERIOD(w0)`,
    usingMetrics: Object.fromEntries([...writes, ...reads]),
    label: "DynamoDB requests",
    period,
  });
}

function functionDollars(functions: readonly CapabilityFunction[]): IMetric {
  const calls = functions.map(({ function: lambda }, index) => {
    const sums = { period, statistic: Stats.SUM };
    return [
      [`c${index}`, lambda.metricInvocations(sums)],
      [`d${index}`, lambda.metricDuration(sums)],
    ] as const;
  });
  const gbMs = functions.map(({ memoryMb }, index) => `d${index}*${memoryMb / 1_024}`);
  const called = functions.map((_function, index) => `c${index}`);
  const perGbMs = { dollars: prices.functionGbSecond.dollars / 1_000 };
  const millions = `${sum(called)}*${ofMillion(prices.functionRequest)}+${sum(gbMs)}*${ofMillion(perGbMs)}`;
  return new MathExpression({
    expression: `(${millions})/1000000*3600/PERIOD(c0)`,
    usingMetrics: Object.fromEntries(calls.flat()),
    label: "Lambda",
    period,
  });
}

/** Nothing at a time counts as 0, where a plus would make nothing of it all. */
function sum(terms: readonly string[]): string {
  return `FILL(SUM([${terms.join(",")}]),0)`;
}

/** What is counted is a sum: Kafka's meters also have a rate, and this is how CloudWatch makes it. */
function perSecond(cluster: string, name: MetricName, id: string, label: string): IMetric {
  return new MathExpression({
    expression: `${id}/PERIOD(${id})`,
    usingMetrics: { [id]: serviceMetric(cluster, name, { statistic: Stats.SUM }) },
    label,
    period,
  });
}

/** Every metric of the name that has these dimensions, whatever their values. */
function byLabels(cluster: string, name: MetricName, labels: readonly string[], statistic: string): IMetric {
  const dimensions = ["cluster", ...labels].map((label) => `"${dimensionNames[label] ?? label}"`).join(",");
  const search = `{${metricsNamespace},${dimensions}} MetricName="${name}" "${dimensionNames["cluster"]}"="${cluster}"`;
  return new MathExpression({
    expression: `SEARCH('${search}', '${statistic}', ${period.toSeconds()})`,
    usingMetrics: {},
    label: "",
    period,
  });
}

function graph(title: string, left: IMetric[]): IWidget {
  return new GraphWidget({ title, left, width: thirdOfPage, height, leftYAxis: { min: 0, showUnits: false } });
}
