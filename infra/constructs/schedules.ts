/**
 * Where functions ask for what is due later than a queue can wait, and for sweeps: one-off schedules that go when they have called.
 * There is no schedule that repeats, so nothing is called while nothing is used.
 */
import { ArnFormat, Duration, Names, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IRole } from "aws-cdk-lib/aws-iam";
import { SqsDestination } from "aws-cdk-lib/aws-lambda-destinations";
import { ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { Construct } from "constructs";
import type { ScheduleNames } from "../../shared/storage/aws/schedule-names.ts";
import type { CapabilityFunction } from "./capability-function.ts";
import type { DutyQueue } from "./duty-queue.ts";

/** Lambda's own tries of a call that nobody waits for, and how long it keeps one that is throttled. */
const sweepRetries = 2;
const sweepAge = Duration.hours(6);
const functionNameCharsMax = 64;

export interface SchedulesProps {
  readonly duties: DutyQueue;
  readonly expiry: DutyQueue;
}

export class Schedules extends Construct {
  /** Of the function that sweeps: its own configuration names it, so it cannot be made up when it is created. */
  readonly sweepFunctionName: string;
  readonly #group: ScheduleGroup;
  readonly #role: Role;
  readonly #queues: SchedulesProps;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id);
    this.#queues = props;
    const ending = "-sweep";
    const maxLength = functionNameCharsMax - ending.length;
    this.sweepFunctionName = Names.uniqueResourceName(this, { maxLength, separator: "-" }) + ending;
    this.#group = new ScheduleGroup(this, "Group", { removalPolicy: RemovalPolicy.DESTROY });
    this.#role = new Role(this, "Caller", {
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Stack.of(this).account } },
      }),
      description: "Streamkeeper: what its schedules may call",
    });
    const { duties, expiry } = props;
    this.#role.addToPolicy(
      new PolicyStatement({
        actions: ["sqs:SendMessage"],
        resources: [duties.queue.queueArn, expiry.queue.queueArn, duties.failed.queueArn],
      }),
    );
    this.#role.addToPolicy(new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: [this.#sweepArn()] }));
  }

  /** What a function must know that asks: `STREAMKEEPER_SCHEDULES`. */
  get environment(): Readonly<Record<string, string>> {
    const { duties, expiry } = this.#queues;
    const names: ScheduleNames = {
      group: this.#group.scheduleGroupName,
      roleArn: this.#role.roleArn,
      sweepArn: this.#sweepArn(),
      dutyQueueArn: duties.queue.queueArn,
      expiryQueueArn: expiry.queue.queueArn,
      failedQueueArn: duties.failed.queueArn,
    };
    return { STREAMKEEPER_SCHEDULES: Stack.of(this).toJsonString(names) };
  }

  /** May ask for sweeps and for duties; and for help with that, where Scheduler does not answer. */
  grantAsk(role: IRole): void {
    const stack = Stack.of(this);
    const resourceName = `${this.#group.scheduleGroupName}/*`;
    const ownSchedules = stack.formatArn({ service: "scheduler", resource: "schedule", resourceName });
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${ownSchedules}]`,
      reason: "The names of schedules tell what is due and when: a permission reaches as far as the stack's own group.",
    });
    role.addToPrincipalPolicy(
      new PolicyStatement({ actions: ["scheduler:CreateSchedule"], resources: [ownSchedules] }),
    );
    role.addToPrincipalPolicy(
      new PolicyStatement({
        actions: ["iam:PassRole"],
        resources: [this.#role.roleArn],
        conditions: { StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" } },
      }),
    );
    this.#queues.duties.grantAsk(role);
  }

  /** A sweep that fails is tried again, and put aside in the end. */
  callSweep(sweep: CapabilityFunction): void {
    sweep.live.configureAsyncInvoke({
      retryAttempts: sweepRetries,
      maxEventAge: sweepAge,
      onFailure: new SqsDestination(this.#queues.duties.failed),
    });
  }

  #sweepArn(): string {
    return Stack.of(this).formatArn({
      service: "lambda",
      resource: "function",
      resourceName: `${this.sweepFunctionName}:live`,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
  }
}
