import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { capabilityOf, resourcesOf, synthesize, synthesizeData } from "./synthesize.ts";

const template = synthesize();
const functionsOf = (stack: typeof template): readonly string[] =>
  resourcesOf(stack, "AWS::Lambda::Function").map(([id]) => capabilityOf(id));

describe("the WebSocket API", () => {
  const routes = resourcesOf(template, "AWS::ApiGatewayV2::Route")
    .filter(([id]) => id.startsWith("PushApi"))
    .map(([, { Properties }]) => [Properties["RouteKey"], Properties["AuthorizationType"]]);

  test("lets nobody connect without IAM", () => {
    expect(Object.fromEntries(routes)).toEqual({
      $connect: "AWS_IAM",
      $disconnect: "NONE",
      ping: "NONE",
      $default: "NONE",
    });
  });

  test("answers pings without a function, so that an idle connection starts none", () => {
    template.hasResourceProperties("AWS::ApiGatewayV2::Integration", {
      IntegrationType: "MOCK",
      RequestTemplates: { $default: Match.serializedJson({ statusCode: 200 }) },
    });
    template.hasResourceProperties("AWS::ApiGatewayV2::IntegrationResponse", {
      ResponseTemplates: { $default: Match.serializedJson({ type: "pong" }) },
    });
  });

  test("is named to those who read, and by its connections to who tells them", () => {
    const knowing = (variable: string): readonly string[] =>
      resourcesOf(template, "AWS::Lambda::Function")
        .filter(([, { Properties }]) => JSON.stringify(Properties["Environment"]).includes(variable))
        .map(([id]) => capabilityOf(id));
    expect(new Set(knowing("STREAMKEEPER_PUSH_URL"))).toEqual(new Set(["fetch", "znode"]));
    expect(knowing("STREAMKEEPER_CONNECTIONS_URL")).toEqual(["notify"]);
    expect(JSON.stringify(template.findOutputs("PushUrl"))).toContain("wss://");
  });
});

describe("hints", () => {
  test("start with entries that somebody may wait for, and with nothing that is trimmed or expires", () => {
    const patterns = resourcesOf(template, "AWS::Lambda::EventSourceMapping")
      .filter(([id]) => id.startsWith("Hints"))
      .flatMap(([, { Properties }]) => (Properties["FilterCriteria"] as { Filters: { Pattern: string }[] }).Filters);
    expect(patterns.map(({ Pattern }) => JSON.parse(Pattern) as unknown)).toEqual([
      { eventName: ["INSERT"], dynamodb: { Keys: { pk: { S: [{ prefix: "partition:" }, { prefix: "tree:" }] } } } },
    ]);
  });

  test("are given up after two more tries or a minute, and put aside", () => {
    template.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
      MaximumRetryAttempts: 2,
      MaximumRecordAgeInSeconds: 60,
      DestinationConfig: {
        OnFailure: { Destination: { "Fn::GetAtt": [Match.stringLikeRegexp("^HintsLost"), "Arn"] } },
      },
    });
  });

  test("need of the log table's stream nothing but keys", () => {
    synthesizeData().hasResourceProperties("AWS::DynamoDB::Table", {
      StreamSpecification: { StreamViewType: "KEYS_ONLY" },
    });
  });
});

test("push is left out where it is not wanted, with all that it costs", () => {
  const without = synthesize({ push: false });
  expect(functionsOf(template)).toEqual(expect.arrayContaining(["push", "notify"]));
  expect(functionsOf(without)).not.toEqual(expect.arrayContaining(["push"]));
  expect(functionsOf(without)).not.toEqual(expect.arrayContaining(["notify"]));
  expect(JSON.stringify(without.toJSON())).not.toMatch(/WEBSOCKET|STREAMKEEPER_PUSH_URL|STREAMKEEPER_CONNECTIONS_URL/);
});
