/** From the log table's stream to the function that tells subscribers. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import { EventSourceMapping, FilterCriteria, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { CapabilityFunction } from "./capability-function.ts";
import type { LogTable } from "./log-table.ts";
import { arnSeenFrom } from "./seen-arn.ts";

/** Entries of one call; more than come while one runs. */
const entriesPerCall = 1_000;
/** A hint that is older is worth less than it costs: readers look by themselves. Also the least that Lambda takes. */
const hintAgeMax = Duration.seconds(60);
const triesMax = 2;
/** Batches of one shard at the same time, each of its own logs: subscribers of one wait for no other's. */
const batchesAtOnce = 4;

export interface HintDeliveryProps {
  readonly logs: LogTable;
  readonly notify: CapabilityFunction;
}

/** Lambda asks the stream, for nothing; nothing runs while nothing is written. */
export class HintDelivery extends Construct {
  constructor(scope: Construct, id: string, { logs, notify }: HintDeliveryProps) {
    super(scope, id);
    const lost = new Queue(this, "Lost", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
      retentionPeriod: Duration.days(1),
    });
    for (const id of ["AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy"]) {
      Validations.of(lost).acknowledge({
        id,
        reason: "It is where what failed is put aside for a day, for a person to look at: nothing takes from it.",
      });
    }
    const mapping = new EventSourceMapping(this, "Stream", {
      target: notify.live,
      eventSourceArn: logs.streamArn,
      startingPosition: StartingPosition.LATEST,
      batchSize: entriesPerCall,
      parallelizationFactor: batchesAtOnce,
      retryAttempts: triesMax,
      maxRecordAge: hintAgeMax,
      // What is trimmed or expires, and the lists of segments and snapshots, starts nothing and costs nothing.
      filters: [
        FilterCriteria.filter({
          eventName: ["INSERT"],
          dynamodb: { Keys: { pk: { S: [{ prefix: "partition:" }, { prefix: "tree:" }] } } },
        }),
      ],
      onFailure: { bind: () => ({ destination: lost.queueArn }) },
    });
    const grantee = notify.role;
    const toPoll = Grant.addToPrincipal({
      grantee,
      actions: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
      resourceArns: [`${logs.table.tableArn}/stream/*`],
    });
    Validations.of(notify.role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::${arnSeenFrom(this, logs.table, logs.table.tableArn)}/stream/*]`,
      reason: "The streams of one table: which of them, DynamoDB names when it is turned on.",
    });
    const toPutAside = Grant.addToPrincipal({ grantee, actions: ["sqs:SendMessage"], resourceArns: [lost.queueArn] });
    for (const grant of [toPoll, toPutAside]) grant.applyBefore(mapping);
  }
}
