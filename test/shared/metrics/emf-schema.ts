/**
 * The embedded metric format's JSON schema, as AWS documents it, with what the document demands beside its schema.
 *
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import * as z from "zod";

const units = [
  "Seconds",
  "Microseconds",
  "Milliseconds",
  "Bytes",
  "Kilobytes",
  "Megabytes",
  "Percent",
  "Count",
  "None",
];

const directive = z.object({
  Namespace: z.string().min(1).max(1_024),
  Dimensions: z.array(z.array(z.string().min(1).max(250)).min(1).max(30)).min(1),
  Metrics: z
    .array(z.strictObject({ Name: z.string().min(1).max(1_024), Unit: z.enum(units) }))
    .min(1)
    .max(100),
});

const document = z.looseObject({
  _aws: z.strictObject({ Timestamp: z.int().min(1), CloudWatchMetrics: z.array(directive).min(1) }),
});

const dimensionValue = z
  .string()
  .max(1_024)
  .regex(/^[\x20-\x7e]*[\x21-\x7e][\x20-\x7e]*$/);
const target = z.union([z.number(), z.array(z.number()).min(1).max(100)]);

const documentBytesMax = 1_000_000;

export interface EmfMetric {
  readonly name: string;
  readonly unit: string;
  readonly value: number | readonly number[];
  /** Each set's dimensions with their values. */
  readonly dimensions: readonly Readonly<Record<string, string>>[];
}

/** @throws if CloudWatch would not take every metric of the line */
export function parseEmf(line: string): EmfMetric[] {
  if (line.includes("\n") || Buffer.byteLength(line) > documentBytesMax) throw new Error("not one line, or too long");
  const root = document.parse(JSON.parse(line));
  const metrics = root._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
    Metrics.map(({ Name, Unit }) => ({
      name: Name,
      unit: Unit,
      value: target.parse(root[Name]),
      dimensions: Dimensions.map((set) => {
        if (new Set(set).size < set.length) throw new Error(`a dimension stands twice in ${set.join()}`);
        return Object.fromEntries(set.map((name) => [name, dimensionValue.parse(root[name])]));
      }),
    })),
  );
  if (new Set(metrics.map(({ name }) => name)).size < metrics.length) throw new Error("a metric stands twice");
  return metrics;
}
