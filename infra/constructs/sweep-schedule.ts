/** Starts the sweep, which looks for duties that a lost wake-up left. */
import { Duration, Validations } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Construct } from "constructs";
import type { CapabilityFunction } from "./capability-function.ts";

/** Far below the 12 h after which produce refuses because of unsealed entries. */
const interval = Duration.hours(1);

/** Calls the sweep once an hour, and not again when it fails: the next one does what it did not. */
export class SweepSchedule extends Construct {
  constructor(scope: Construct, id: string, { live }: CapabilityFunction) {
    super(scope, id);
    new Rule(this, "Rule", {
      description: "Streamkeeper: finds duties that a lost wake-up left",
      schedule: Schedule.rate(interval),
      targets: [new LambdaFunction(live, { maxEventAge: interval })],
    });
    live.configureAsyncInvoke({ retryAttempts: 0 });
    const reason = "The next sweep does what a failed one did not, and an alarm tells of the failure.";
    Validations.of(this).acknowledge({ id: "Serverless-EventBusDLQ", reason });
    Validations.of(live).acknowledge({ id: "Serverless-LambdaAsyncFailureDestination", reason });
  }
}
