/** AWS's own rules for a sound deployment (cdk-nag's AwsSolutions pack), over the whole stack. */
import { RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type { App } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AwsSolutionsChecks } from "cdk-nag";
import { describe, expect, test } from "vitest";
import { addStacks, appWithoutBundling } from "./synthesize.ts";

/** Synthesizes with the rules; throws when one is broken and no reason is given for that. */
function check(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
}

/** Some 150 rules for each of 80 resources: seconds of work, and more on a busy machine. */
const checkMsMax = 120_000;

describe("AWS's rules", { timeout: checkMsMax }, () => {
  test("are kept, or a reason is given where the resource is made", () => {
    const app = appWithoutBundling();
    addStacks(app);
    expect(() => check(app)).not.toThrow();
  });

  test("would be found broken: a queue that is open to requests without TLS", () => {
    const app = appWithoutBundling();
    const queue = new Queue(new Stack(app, "Open"), "Queue");
    queue.applyRemovalPolicy(RemovalPolicy.DESTROY);
    expect(() => check(app)).toThrow("The SQS queue does not require requests to use SSL");
  });
});
