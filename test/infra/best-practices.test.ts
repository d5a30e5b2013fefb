/** That the check of AWS's own rules bites; `npm run nag` makes it of the stacks themselves. */
import { RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type { App } from "aws-cdk-lib";
import { HttpApi, HttpMethod } from "aws-cdk-lib/aws-apigatewayv2";
import { HttpUrlIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { AttributeType, Table } from "aws-cdk-lib/aws-dynamodb";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { describe, expect, test } from "vitest";
import { checkApp, type NagReport } from "../../infra/nag/check.ts";
import { renderReport } from "../../infra/nag/report.ts";
import { appWithoutBundling } from "./synthesize.ts";

/** What is found in a stack with one fault. */
function checkStack(build: (stack: Stack) => void): NagReport {
  const app: App = appWithoutBundling();
  build(new Stack(app, "Bad"));
  return checkApp(app);
}

const lambdaRole = (stack: Stack): Role =>
  new Role(stack, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });

const faults: readonly (readonly [string, string, (stack: Stack) => void])[] = [
  ["a bucket that takes requests without TLS", "AwsSolutions-S10", (stack) => void new Bucket(stack, "It")],
  [
    "a bucket that may be made public",
    "AwsSolutions-S2",
    (stack) =>
      void new Bucket(stack, "It", {
        enforceSSL: true,
        blockPublicAccess: {
          blockPublicAcls: false,
          blockPublicPolicy: false,
          ignorePublicAcls: false,
          restrictPublicBuckets: false,
        },
      }),
  ],
  [
    "a policy for every action",
    "AwsSolutions-IAM5[Action::dynamodb:*]",
    (stack) => {
      const arn = "arn:aws:dynamodb:us-east-1:000000000000:table/t";
      lambdaRole(stack).addToPolicy(new PolicyStatement({ actions: ["dynamodb:*"], resources: [arn] }));
    },
  ],
  [
    "a policy on every resource",
    "AwsSolutions-IAM5[Resource::*]",
    (stack) =>
      void lambdaRole(stack).addToPolicy(new PolicyStatement({ actions: ["sqs:SendMessage"], resources: ["*"] })),
  ],
  [
    "a queue that takes requests without TLS",
    "AwsSolutions-SQS4",
    (stack) => {
      new Queue(stack, "It").applyRemovalPolicy(RemovalPolicy.DESTROY);
    },
  ],
  ["a queue without dead letters", "AwsSolutions-SQS3", (stack) => void new Queue(stack, "It", { enforceSSL: true })],
  [
    "a table that cannot be restored to a point in time",
    "AwsSolutions-DDB3",
    (stack) => void new Table(stack, "It", { partitionKey: { name: "pk", type: AttributeType.STRING } }),
  ],
  ...(["AwsSolutions-L1", "Serverless-LambdaTracing", "Serverless-LambdaDLQ"] as const).map(
    (rule) =>
      [
        `a function that is old, not traced and without dead letters (${rule})`,
        rule,
        (stack: Stack) => {
          const code = Code.fromInline("exports.handler = async () => {}");
          void new LambdaFunction(stack, "It", { runtime: Runtime.NODEJS_18_X, handler: "index.handler", code });
        },
      ] as const,
  ),
  [
    "an API that anybody may call",
    "AwsSolutions-APIG4",
    (stack) => {
      const integration = new HttpUrlIntegration("url", "https://example.com");
      new HttpApi(stack, "It").addRoutes({ path: "/", methods: [HttpMethod.GET], integration });
    },
  ],
];

describe("the check of AWS's rules", () => {
  test.each(faults)("finds %s", (_, rule, build) => {
    const report = checkStack(build);
    expect(report.findings.filter(({ reason }) => reason === undefined).map((finding) => finding.rule)).toContain(rule);
    const { text, isClean } = renderReport([{ title: "bad", ...report }]);
    expect(isClean).toBe(false);
    expect(text).toContain(`- BROKEN ${rule} at Bad/`);
  });

  test("takes a reason that is given at the resource or above it, and names it in the report", () => {
    const report = checkStack((stack) => {
      const queue = new Queue(stack, "It", { enforceSSL: true });
      Validations.of(queue).acknowledge({ id: "AwsSolutions-SQS3", reason: "Nobody misses them." });
      Validations.of(stack).acknowledge({ id: "Serverless-SQSRedrivePolicy", reason: "Nobody misses them." });
    });
    expect(report.stale).toEqual([]);
    const { text, isClean } = renderReport([{ title: "excepted", ...report }]);
    expect(isClean).toBe(true);
    expect(text).toContain("- AwsSolutions-SQS3, Serverless-SQSRedrivePolicy: Nobody misses them.");
  });

  test("finds an exception that nothing needs, and one that stands at another resource", () => {
    const report = checkStack((stack) => {
      const other = new Stack(stack, "Other");
      Validations.of(other).acknowledge({ id: "AwsSolutions-SQS3", reason: "It stands elsewhere." });
      void new Queue(stack, "It", { enforceSSL: true });
    });
    expect(report.stale).toMatchObject([{ rule: "AwsSolutions-SQS3", scope: "Bad/Other" }]);
    expect(report.findings.filter(({ reason }) => reason === undefined).map(({ rule }) => rule)).toContain(
      "AwsSolutions-SQS3",
    );
    expect(renderReport([{ title: "needless", ...report }]).text).toContain(
      "- NEEDLESS exception from AwsSolutions-SQS3",
    );
  });
});
