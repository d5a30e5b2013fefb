/** The queue behind the `WakeUps` port: background duties, each at or after a delay. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { IGrantable } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { QueueProps } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { CapabilityFunction } from "./capability-function.ts";

/** Tries of one duty before it is put aside for a person to look at. */
const triesMax = 5;
/** AWS's advice: a message must stay hidden for six times as long as the function may run, or throttling doubles the work. */
const visibilityPerTimeout = 6;
/** Duties that run at the same time; leaves most of an account's default of 1,000 executions to requests. */
const concurrencyMax = 100;
/** Duties of one call. Each may hold a whole segment in memory and must have the function's whole time. */
const dutiesPerCall = 1;

export interface DutyQueueProps {
  /** Longest run of the function that does the duties. */
  readonly dutyTimeoutSeconds: number;
}

/** Duties to do, and beside it those that failed every time. Losing one costs delay, never data: the sweep finds it again. */
export class DutyQueue extends Construct {
  readonly queue: Queue;
  readonly failed: Queue;

  constructor(scope: Construct, id: string, props: DutyQueueProps) {
    super(scope, id);
    const common: QueueProps = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    };
    this.failed = new Queue(this, "Failed", { ...common, retentionPeriod: Duration.days(14) });
    Validations.of(this.failed).acknowledge({
      id: "Serverless-SQSRedrivePolicy",
      reason: "It is the dead-letter queue itself: what is in it waits for a person, and an alarm calls one.",
    });
    this.queue = new Queue(this, "Queue", {
      ...common,
      retentionPeriod: Duration.days(4),
      visibilityTimeout: Duration.seconds(visibilityPerTimeout * props.dutyTimeoutSeconds),
      deadLetterQueue: { queue: this.failed, maxReceiveCount: triesMax },
    });
  }

  /** May ask for duties. */
  grantAsk(grantee: IGrantable): Grant {
    return Grant.addToPrincipal({ grantee, actions: ["sqs:SendMessage"], resourceArns: [this.queue.queueArn] });
  }

  /** Calls the function with the duties that are due; a duty that it reports as failed, and only that one, comes again. */
  deliverTo(worker: CapabilityFunction): void {
    const { queueArn } = this.queue;
    const delivery = new EventSourceMapping(this, "Delivery", {
      target: worker.live,
      eventSourceArn: queueArn,
      batchSize: dutiesPerCall,
      maxConcurrency: concurrencyMax,
      reportBatchItemFailures: true,
    });
    Validations.of(delivery).acknowledge({
      id: "Serverless-LambdaEventSourceMappingDestination",
      reason: "Lambda offers that for streams; what fails here is put aside by the queue's redrive policy.",
    });
    Grant.addToPrincipal({
      grantee: worker.role,
      // What Lambda's poller needs; CDK's own grant also lets the function look up and hide messages.
      actions: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
      resourceArns: [queueArn],
    }).applyBefore(delivery);
  }
}
