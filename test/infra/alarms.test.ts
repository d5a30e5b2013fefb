import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { loadBounds } from "../../shared/cost/load.ts";
import { dimensionsAt, type MetricName as OwnMetricName } from "../../shared/metrics/catalogue.ts";
import { dimensionNames } from "../../shared/metrics/emf.ts";
import { capabilityOf, resourcesOf, synthesize } from "./synthesize.ts";

interface WatchedMetric {
  readonly Namespace: string;
  readonly MetricName: OwnMetricName;
  readonly Dimensions: readonly { readonly Name: string }[];
}

const template = synthesize();
const topic = "arn:aws:sns:us-east-1:111122223333:on-call";

function alarmWith(properties: Readonly<Record<string, unknown>>): void {
  template.hasResourceProperties("AWS::CloudWatch::Alarm", {
    ComparisonOperator: "GreaterThanThreshold",
    TreatMissingData: "notBreaching",
    ...properties,
  });
}

describe("alarms go off when", () => {
  test.each(["Duties", "Expiry"])("one of %s is in the dead-letter queue", (queue) => {
    alarmWith({
      Namespace: "AWS/SQS",
      MetricName: "ApproximateNumberOfMessagesVisible",
      Dimensions: [
        { Name: "QueueName", Value: { "Fn::GetAtt": [Match.stringLikeRegexp(`^${queue}Failed`), "QueueName"] } },
      ],
      Statistic: "Maximum",
      Threshold: 0,
    });
  });

  test.each([
    ["Duties", 7_200],
    ["Expiry", 1_200],
  ])("the oldest of %s has waited for %i s", (queue, seconds) => {
    alarmWith({
      Namespace: "AWS/SQS",
      MetricName: "ApproximateAgeOfOldestMessage",
      Dimensions: [
        { Name: "QueueName", Value: { "Fn::GetAtt": [Match.stringLikeRegexp(`^${queue}Queue`), "QueueName"] } },
      ],
      Threshold: seconds,
    });
  });

  test("requests fail on our side", () => {
    alarmWith({ Namespace: "AWS/ApiGateway", MetricName: "5xx", Statistic: "Sum" });
  });

  test("requests to the functions' own URLs fail on our side", () => {
    synthesize({ functionUrls: true }).resourcePropertiesCountIs(
      "AWS::CloudWatch::Alarm",
      { MetricName: "Url5xxCount" },
      2,
    );
    template.resourcePropertiesCountIs("AWS::CloudWatch::Alarm", { MetricName: "Url5xxCount" }, 0);
  });

  test.each(Object.keys(capabilitySizes))("the %s function fails or is throttled", (capability) => {
    for (const MetricName of ["Errors", "Throttles"]) {
      alarmWith({
        Namespace: "AWS/Lambda",
        MetricName,
        Dimensions: [{ Name: "FunctionName", Value: { Ref: Match.stringLikeRegexp(`^${capability}`) } }],
        Statistic: "Sum",
        Threshold: 0,
      });
    }
  });

  test.each(["Logs", "Items"])("DynamoDB throttles the table of %s", (table) => {
    for (const MetricName of ["ReadThrottleEvents", "WriteThrottleEvents"]) {
      alarmWith({
        Namespace: "AWS/DynamoDB",
        MetricName,
        Dimensions: [
          { Name: "TableName", Value: { "Fn::ImportValue": Match.stringLikeRegexp(`OutputRef${table}Table`) } },
        ],
        Statistic: "Sum",
        Threshold: 0,
      });
    }
  });
});

describe("of what the functions count themselves, alarms go off when", () => {
  test.each([
    ["SealingLag", "Maximum", 7_200, "ignore"],
    ["OldestUnsealedAge", "Maximum", 14_400, "ignore"],
    ["UnsealedRefusals", "Sum", 0, "notBreaching"],
    ["DeadLetters", "Sum", 0, "notBreaching"],
    ["LocalTimeMs", undefined, 3_000, "notBreaching"],
  ])("%s is above", (MetricName, statistic, Threshold, TreatMissingData) => {
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      Namespace: "Streamkeeper",
      MetricName,
      Dimensions: [{ Name: "Cluster Name", Value: "Streamkeeper" }],
      ...(statistic === undefined ? { ExtendedStatistic: "p99" } : { Statistic: statistic }),
      Threshold,
      TreatMissingData,
    });
  });

  test("many requests are told to slow down", () => {
    template.hasResourceProperties("AWS::CloudWatch::Alarm", {
      MetricName: "ErrorsPerSec",
      Dimensions: [
        { Name: "Cluster Name", Value: "Streamkeeper" },
        { Name: "Error", Value: "THROTTLING_QUOTA_EXCEEDED" },
      ],
    });
  });

  test("a group is further behind than was chosen, and only if something was", () => {
    const lagging = { MetricName: "MaxOffsetLag", Threshold: 1_000, TreatMissingData: "ignore" };
    const chosen = synthesize({ consumerLagOffsetsMax: 1_000, consumerLagSecondsMax: 60 });
    chosen.hasResourceProperties("AWS::CloudWatch::Alarm", lagging);
    chosen.hasResourceProperties("AWS::CloudWatch::Alarm", { MetricName: "EstimatedMaxTimeLag", Threshold: 60 });
    template.resourcePropertiesCountIs("AWS::CloudWatch::Alarm", { MetricName: "MaxOffsetLag" }, 0);
  });

  test("watch metrics that the functions write at their level, with these dimensions", () => {
    const watched = resourcesOf(template, "AWS::CloudWatch::Alarm")
      .map(([, { Properties }]) => Properties as unknown as WatchedMetric)
      .filter(({ Namespace }) => Namespace === "Streamkeeper");
    expect(watched.length).toBeGreaterThan(5);
    for (const { MetricName, Dimensions } of watched) {
      const labels = Dimensions.map(({ Name }) => Name).filter((name) => name !== "Cluster Name");
      const written = dimensionsAt(MetricName, "DEFAULT").map((set) => set.map((label) => dimensionNames[label]));
      expect(written, MetricName).toContainEqual(labels);
    }
  });
});

describe("a deployment", () => {
  test("has neither alarms nor a dashboard where it wants none, and no metrics of its own at NONE", () => {
    const bare = synthesize({ alarms: false, dashboard: false });
    bare.resourceCountIs("AWS::CloudWatch::Alarm", 0);
    bare.resourceCountIs("AWS::CloudWatch::Dashboard", 0);
    const silent = synthesize({ metricsLevel: "NONE" });
    silent.resourcePropertiesCountIs("AWS::CloudWatch::Alarm", { Namespace: "Streamkeeper" }, 0);
  });

  test("tells its functions the level, its name, and who they are", () => {
    for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Function")) {
      expect(Properties["Environment"], id).toMatchObject({
        Variables: {
          STREAMKEEPER_METRICS_LEVEL: "DEFAULT",
          STREAMKEEPER_NAME: "Streamkeeper",
          STREAMKEEPER_CAPABILITY: capabilityOf(id),
        },
      });
    }
  });

  test("has a dashboard of traffic, latency, errors, lag, sealing, storage and dollars", () => {
    const [dashboard] = resourcesOf(template, "AWS::CloudWatch::Dashboard");
    const body = JSON.stringify(dashboard?.[1].Properties["DashboardBody"]);
    for (const name of ["BytesInPerSec", "LocalTimeMs", "ErrorsPerSec", "SumOffsetLag", "OldestUnsealedAge", "$/h"]) {
      expect(body).toContain(name);
    }
    expect(body).toContain("ConsumedWriteCapacityUnits");
    // A number with an exponent is none in metric math.
    expect(body).not.toMatch(/[0-9]e-[0-9]/);
  });
});

describe("every alarm", () => {
  test("says what is wrong", () => {
    for (const [, { Properties }] of resourcesOf(template, "AWS::CloudWatch::Alarm")) {
      expect(Properties["AlarmDescription"]).toMatch(/\w+ \w+/);
    }
  });

  test("notifies the chosen topic, when it goes off and when it is over", () => {
    const notified = synthesize({ alarmTopicArn: topic });
    notified.allResourcesProperties("AWS::CloudWatch::Alarm", { AlarmActions: [topic], OKActions: [topic] });
    for (const [, { Properties }] of resourcesOf(template, "AWS::CloudWatch::Alarm")) {
      expect(Properties).not.toHaveProperty("AlarmActions");
    }
  });
});

test("are as many as the prediction of a month's bill takes", () => {
  template.resourceCountIs("AWS::CloudWatch::Alarm", loadBounds.alarms.fallback);
});
