/** What a person must look at. Each alarm says what is wrong and what it means for the data. */
import { Duration } from "aws-cdk-lib";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { Alarm, ComparisonOperator, Stats, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { IAlarmAction, IMetric } from "aws-cdk-lib/aws-cloudwatch";
import type { Table } from "aws-cdk-lib/aws-dynamodb";
import { Construct } from "constructs";
import type { CapabilityFunction } from "./capability-function.ts";
import type { DutyQueue } from "./duty-queue.ts";

const period = Duration.minutes(5);

/** A duty is delayed by 15 min at most (SQS) and tried five times within an hour; what is older than that is stuck. */
const dutyAgeSecondsMax = 2 * 3600;

/** A look at a session waits for 15 min at most before it is due (SQS counts from when it was sent), and takes a moment. */
const expiryAgeSecondsMax = 20 * 60;

/** Requests that may fail on our side within a period before somebody is called: one is no trend. */
const serverErrorsMax = 5;

const throttleMetrics = { reads: "ReadThrottleEvents", writes: "WriteThrottleEvents" } as const;

export interface AlarmsProps {
  readonly functions: readonly CapabilityFunction[];
  readonly tables: Readonly<Record<string, Table>>;
  readonly duties: DutyQueue;
  readonly expiry: DutyQueue;
  readonly api: HttpApi;
  /** Notified when an alarm goes off and when it is over. */
  readonly action?: IAlarmAction;
}

interface AlarmRule {
  readonly description: string;
  readonly metric: IMetric;
  /** The alarm goes off above it. */
  readonly above: number;
  /** Periods in a row; one when not given. */
  readonly periods?: number;
}

/** Every alarm of a deployment. Silence is health: a metric that nothing reports does not alarm. */
export class Alarms extends Construct {
  readonly #action: IAlarmAction | undefined;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#action = props.action;

    this.#add("DutiesFailed", {
      description:
        "A background duty failed every time and waits in the dead-letter queue. Its partition may no longer be sealed: " +
        "hot entries live for 24 h.",
      metric: props.duties.failed.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      above: 0,
    });
    this.#add("DutiesLate", {
      description: "The oldest background duty has waited for too long: sealing and retention do not keep up.",
      metric: props.duties.queue.metricApproximateAgeOfOldestMessage({ period, statistic: Stats.MAXIMUM }),
      above: dutyAgeSecondsMax,
    });
    this.#add("ExpiryFailed", {
      description:
        "The end of a session failed every time and waits in the dead-letter queue. Its ephemerals stay until the next sweep.",
      metric: props.expiry.failed.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.MAXIMUM }),
      above: 0,
    });
    this.#add("ExpiryLate", {
      description: "Sessions are not ended in time: locks and leads of clients that are gone are held too long.",
      metric: props.expiry.queue.metricApproximateAgeOfOldestMessage({ period, statistic: Stats.MAXIMUM }),
      above: expiryAgeSecondsMax,
    });
    this.#add("ServerErrors", {
      description: "Requests fail with a status of 5xx.",
      metric: props.api.metricServerError({ period, statistic: Stats.SUM }),
      above: serverErrorsMax,
      periods: 2,
    });
    for (const { capability, function: lambda } of props.functions) {
      this.#add(`${capability}-errors`, {
        description: `The ${capability} function throws or runs out of time or memory; expected failures are answers, not errors.`,
        metric: lambda.metricErrors({ period, statistic: Stats.SUM }),
        above: 0,
      });
      this.#add(`${capability}-throttles`, {
        description: `Lambda refuses to start the ${capability} function: the account's concurrency is used up.`,
        metric: lambda.metricThrottles({ period, statistic: Stats.SUM }),
        above: 0,
        periods: 2,
      });
    }
    for (const [name, table] of Object.entries(props.tables)) {
      for (const [what, metricName] of Object.entries(throttleMetrics)) {
        this.#add(`${name}-${what}-throttles`, {
          description: `DynamoDB throttles ${what} of the ${name} table: more than a partition of it can take (writes: 1 MB/s).`,
          metric: table.metric(metricName, { period, statistic: Stats.SUM }),
          above: 0,
          periods: 3,
        });
      }
    }
  }

  #add(id: string, rule: AlarmRule): void {
    const alarm = new Alarm(this, id, {
      alarmDescription: rule.description,
      metric: rule.metric,
      threshold: rule.above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: rule.periods ?? 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (this.#action === undefined) return;
    alarm.addAlarmAction(this.#action);
    alarm.addOkAction(this.#action);
  }
}
