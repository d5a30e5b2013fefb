import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

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
