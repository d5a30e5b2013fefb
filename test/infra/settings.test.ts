import { App } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { readSettings } from "../../infra/settings.ts";
import type { Settings } from "../../infra/settings.ts";

function settingsFrom(context: Record<string, unknown>, environment: Record<string, string> = {}): Settings {
  return readSettings(new App({ context }).node, environment);
}

describe("the settings of a deployment", () => {
  test("need neither context nor environment, and keep the data by default", () => {
    expect(settingsFrom({})).toEqual({
      stackName: "Streamkeeper",
      account: "000000000000",
      region: "us-east-1",
      retainData: true,
      functionUrls: false,
      push: true,
      reserveConcurrency: true,
      requestsPerSecondMax: 10_000,
      tracing: false,
      logRetentionDays: 30,
      metricsLevel: "DEFAULT",
      alarms: true,
      dashboard: true,
    });
  });

  test("take account and region from the CLI's credentials, and from context before those", () => {
    const environment = { CDK_DEFAULT_ACCOUNT: "111122223333", CDK_DEFAULT_REGION: "eu-central-1" };
    expect(settingsFrom({}, environment)).toMatchObject({ account: "111122223333", region: "eu-central-1" });
    expect(settingsFrom({ account: "444455556666" }, environment)).toMatchObject({ account: "444455556666" });
  });

  test("read what the command line gives as text", () => {
    const superDigest = "super:5TrIvFGYF5EK3nAjRSxwe2MjWdo=";
    const chosen = settingsFrom({ retainData: "false", tracing: "true", logRetentionDays: "7", superDigest });
    expect(chosen).toMatchObject({ retainData: false, tracing: true, logRetentionDays: 7, superDigest });
  });

  test.each([
    ["retainData", "perhaps"],
    ["account", "12345"],
    ["region", "mars"],
    ["logRetentionDays", "31"],
    ["requestsPerSecondMax", "0"],
    ["stackName", "-"],
    ["metricsLevel", "PER_BROKER"],
    ["consumerLagSecondsMax", "0"],
    ["superDigest", "super:secret"],
    ["superDigest", "5TrIvFGYF5EK3nAjRSxwe2MjWdo="],
    ["alarmTopicArn", "arn:aws:sqs:us-east-1:111122223333:queue"],
  ])("refuse %s=%s", (name, value) => {
    expect(() => settingsFrom({ [name]: value })).toThrow(name);
  });
});
