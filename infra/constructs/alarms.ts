/** What a person must look at. Each alarm says what is wrong, and which page says what to do. */
import { Alarm, ComparisonOperator, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import type { IAlarmAction } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import {
  type AlarmRule,
  resourceRules,
  serviceRules,
  type ServiceRuleOptions,
  type WatchedResources,
} from "./alarm-rules.ts";

export interface AlarmsProps extends WatchedResources, ServiceRuleOptions {
  /** Notified when an alarm goes off and when it is over. */
  readonly action?: IAlarmAction;
}

/** Every alarm of a deployment. Silence is health, but for what is seldom told. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.alarms = [...resourceRules(props), ...serviceRules(props)].map((rule) => this.#add(rule, props.action));
  }

  #add({ id, runbook, description, metric, above, periods = 1, isSeldom }: AlarmRule, action?: IAlarmAction): Alarm {
    const alarm = new Alarm(this, id, {
      alarmDescription: `${description} Runbook: docs/runbooks/${runbook}.md`,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: isSeldom === true ? 1 : periods,
      treatMissingData: isSeldom === true ? TreatMissingData.IGNORE : TreatMissingData.NOT_BREACHING,
    });
    if (action === undefined) return alarm;
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    return alarm;
  }
}
