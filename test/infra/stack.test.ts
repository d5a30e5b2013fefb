import { Match } from "aws-cdk-lib/assertions";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { describe, expect, test } from "vitest";
import { capabilitySizes } from "../../infra/capabilities.ts";
import { fetchWaitMsMax } from "../../shared/limits.ts";
import { capabilityOf, resourcesOf, synthesize } from "./synthesize.ts";

const superDigest = "super:5TrIvFGYF5EK3nAjRSxwe2MjWdo=";
const template = synthesize();
/** With every choice that the functions see. */
const chosen = synthesize({
  superDigest,
  tracing: true,
  reserveConcurrency: false,
  logRetentionDays: RetentionDays.ONE_WEEK,
});

describe("the duty queue", () => {
  test("is encrypted, refuses requests without TLS, and puts aside what failed five times", () => {
    template.resourceCountIs("AWS::SQS::Queue", 5);
    template.allResourcesProperties("AWS::SQS::Queue", { SqsManagedSseEnabled: true });
    template.hasResourceProperties("AWS::SQS::Queue", {
      RedrivePolicy: {
        deadLetterTargetArn: { "Fn::GetAtt": [Match.stringLikeRegexp("^DutiesFailed"), "Arn"] },
        maxReceiveCount: 5,
      },
    });
    template.resourcePropertiesCountIs(
      "AWS::SQS::QueuePolicy",
      {
        PolicyDocument: {
          Statement: [Match.objectLike({ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } })],
        },
      },
      5,
    );
  });

  test.each([
    ["Duties", 120, "^Seals"],
    ["Expiry", 30, "^Ends sessions"],
  ])("of %s hides a duty for six times as long as doing it may take", (queue, seconds, description) => {
    template.hasResourceProperties("AWS::SQS::Queue", {
      VisibilityTimeout: 6 * seconds,
      RedrivePolicy: {
        deadLetterTargetArn: { "Fn::GetAtt": [Match.stringLikeRegexp(`^${queue}Failed`), "Arn"] },
        maxReceiveCount: 5,
      },
    });
    template.hasResourceProperties("AWS::Lambda::Function", {
      Timeout: seconds,
      Description: Match.stringLikeRegexp(description),
    });
  });

  test("gives its duties to the seal function, the expiry queue to reap; both report each failure by itself", () => {
    const deliveries = resourcesOf(template, "AWS::Lambda::EventSourceMapping")
      .filter(([id]) => !id.startsWith("Hints"))
      .map(([, { Properties }]) => Properties);
    expect(deliveries).toHaveLength(2);
    for (const [queue, worker] of [
      ["DutiesQueue", "seal"],
      ["ExpiryQueue", "reap"],
    ] as const) {
      const delivery = deliveries.find(({ EventSourceArn }) => JSON.stringify(EventSourceArn).includes(queue));
      expect(JSON.stringify(delivery?.["FunctionName"])).toContain(`"Ref":"${worker}Live`);
      expect(delivery?.["FunctionResponseTypes"]).toEqual(["ReportBatchItemFailures"]);
    }
  });
});

const functions = resourcesOf(template, "AWS::Lambda::Function");

describe("the functions", () => {
  test("are one for each capability, and no others", () => {
    const capabilities = functions.map(([id]) => capabilityOf(id));
    expect(capabilities.toSorted((a, b) => a.localeCompare(b))).toEqual(Object.keys(capabilitySizes).toSorted());
  });

  test("run the handler of their bundle on Node 24 and arm64", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      Runtime: "nodejs24.x",
      Architectures: ["arm64"],
      Handler: "index.handler",
    });
  });

  test("know the tables, the bucket and the queue", () => {
    template.allResourcesProperties("AWS::Lambda::Function", {
      Environment: {
        Variables: {
          STREAMKEEPER_LOG_TABLE: { "Fn::ImportValue": Match.stringLikeRegexp("OutputRefLogsTable") },
          STREAMKEEPER_ITEM_TABLE: { "Fn::ImportValue": Match.stringLikeRegexp("OutputRefItemsTable") },
          STREAMKEEPER_BUCKET: { "Fn::ImportValue": Match.stringLikeRegexp("OutputRefBlobsBucket") },
          STREAMKEEPER_DUTY_QUEUE_URL: { Ref: Match.stringLikeRegexp("^DutiesQueue") },
          STREAMKEEPER_EXPIRY_QUEUE_URL: { Ref: Match.stringLikeRegexp("^ExpiryQueue") },
        },
      },
    });
  });

  test("know who may do everything with znodes only where they ask, and only where that was chosen", () => {
    const knowing = (stack: typeof template): readonly string[] =>
      resourcesOf(stack, "AWS::Lambda::Function")
        .filter(([, { Properties }]) => JSON.stringify(Properties["Environment"]).includes("STREAMKEEPER_SUPER_DIGEST"))
        .map(([id]) => capabilityOf(id));
    expect(knowing(template)).toEqual([]);
    expect(new Set(knowing(chosen))).toEqual(new Set(["fetch", "znode", "election"]));
    chosen.hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: { STREAMKEEPER_SUPER_DIGEST: superDigest } },
    });
  });

  test("reserve one execution for the sweep and none for others, and none where the account has too few", () => {
    const reserved = (stack: typeof template): Readonly<Record<string, unknown>> =>
      Object.fromEntries(
        resourcesOf(stack, "AWS::Lambda::Function")
          .filter(([, { Properties }]) => "ReservedConcurrentExecutions" in Properties)
          .map(([id, { Properties }]) => [capabilityOf(id), Properties["ReservedConcurrentExecutions"]]),
      );
    expect(reserved(template)).toEqual({ sweep: 1 });
    expect(reserved(chosen)).toEqual({});
  });

  test("are called by their alias alone, so that code and configuration change in one step", () => {
    template.resourceCountIs("AWS::Lambda::Alias", functions.length);
    const callers = [
      ...resourcesOf(template, "AWS::ApiGatewayV2::Integration")
        .map(([, { Properties }]) => Properties)
        .filter(({ IntegrationType }) => IntegrationType !== "MOCK")
        .map(({ IntegrationUri }) => IntegrationUri),
      ...resourcesOf(template, "AWS::Lambda::EventSourceMapping").map(
        ([, { Properties }]) => Properties["FunctionName"],
      ),
      ...resourcesOf(template, "AWS::Events::Rule").map(([, { Properties }]) => Properties["Targets"]),
      ...resourcesOf(template, "AWS::Lambda::Permission").map(([, { Properties }]) => Properties["FunctionName"]),
    ];
    expect(callers.length).toBeGreaterThan(functions.length);
    for (const called of callers) expect(JSON.stringify(called)).toMatch(/"Ref":"[a-z]+Live[0-9A-F]{8}"/);
  });

  test("behind the API end before it gives up, and leave a long poll its whole wait", () => {
    const seconds = new Map(functions.map(([id, { Properties }]) => [capabilityOf(id), Properties["Timeout"]]));
    for (const capability of ["fetch", "health", "produce", "topics", "znode", "sessions", "election"])
      expect(seconds.get(capability)).toBeLessThan(30);
    expect(seconds.get("fetch")).toBeGreaterThan(fetchWaitMsMax / 1_000);
  });

  test("log JSON to a group of their own, which forgets after the chosen time", () => {
    const groups = functions.map(
      ([, { Properties }]) => (Properties["LoggingConfig"] as { LogGroup: { Ref: string } }).LogGroup.Ref,
    );
    expect(new Set(groups).size).toBe(functions.length);
    template.allResourcesProperties("AWS::Lambda::Function", { LoggingConfig: { LogFormat: "JSON" } });
    template.allResourcesProperties("AWS::Logs::LogGroup", { RetentionInDays: 30 });
    chosen.allResourcesProperties("AWS::Logs::LogGroup", {
      RetentionInDays: 7,
    });
  });

  test("are traced only where that was chosen", () => {
    for (const [, { Properties }] of functions) expect(Properties).not.toHaveProperty("TracingConfig");
    chosen.allResourcesProperties("AWS::Lambda::Function", {
      TracingConfig: { Mode: "Active" },
    });
  });
});

describe("the sweep", () => {
  test("comes when it is asked for, and never by itself", () => {
    template.resourceCountIs("AWS::Events::Rule", 0);
    template.resourceCountIs("AWS::Scheduler::Schedule", 0);
    template.hasResource("AWS::Scheduler::ScheduleGroup", { DeletionPolicy: "Delete" });
    for (const [id, { Properties }] of functions) {
      const asks = JSON.stringify(Properties["Environment"]).includes("STREAMKEEPER_SCHEDULES");
      expect(asks, id).toBe(!["health", "fetch", "push", "notify"].includes(capabilityOf(id)));
    }
  });

  test("is called by the name that functions ask for, tried again when it fails, and put aside in the end", () => {
    const sweep = functions.find(([id]) => capabilityOf(id) === "sweep")?.[1].Properties;
    const name = JSON.stringify(sweep?.["FunctionName"]).slice(1, -1);
    expect(name).toMatch(/^Streamkeeper-Schedules-[0-9A-F]{8}-sweep$/);
    expect(JSON.stringify(sweep?.["Environment"])).toContain(`:function:${name}:live`);
    template.hasResourceProperties("AWS::Lambda::EventInvokeConfig", {
      MaximumRetryAttempts: 2,
      DestinationConfig: {
        OnFailure: { Destination: { "Fn::GetAtt": [Match.stringLikeRegexp("^DutiesFailed"), "Arn"] } },
      },
    });
  });

  test("has a name that Lambda takes, however long the stack's is", () => {
    const long = synthesize({ stackName: `S${"x".repeat(94)}` });
    const names = resourcesOf(long, "AWS::Lambda::Function").map(([, { Properties }]) => Properties["FunctionName"]);
    const [name] = names.filter((one) => one !== undefined);
    expect(name).toMatch(/^[A-Za-z0-9-]{1,58}-sweep$/);
  });
});
