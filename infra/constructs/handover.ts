/** What is done with the data before the service that looks after it is deleted, and after it was made anew. */
import { CustomResource, Duration } from "aws-cdk-lib";
import { Construct } from "constructs";
import { capabilitySizes, requestTimeoutSeconds } from "../capabilities.ts";
import type { CapabilityFunction } from "./capability-function.ts";
import type { Schedules } from "./schedules.ts";

export interface HandoverProps {
  readonly handover: CapabilityFunction;
  /** Where it asks for sweeps. */
  readonly schedules: Schedules;
  /** Every other function of the stack. */
  readonly others: readonly CapabilityFunction[];
  /** Whether there is anything to be kept. */
  readonly retainData: boolean;
}

/**
 * Calls the handover function when the stack is created and deleted. All other functions' aliases depend on it, and so does all
 * that calls them: CloudFormation deletes APIs, URLs, queues' deliveries and aliases first, then nobody can write any more and all
 * is sealed, and only then do queues, roles and functions go.
 */
export class Handover extends Construct {
  constructor(scope: Construct, id: string, { handover, schedules, others, retainData }: HandoverProps) {
    super(scope, id);
    const resource = new CustomResource(this, "Sealing", {
      resourceType: "Custom::Handover",
      serviceToken: handover.live.functionArn,
      serviceTimeout: Duration.seconds(capabilitySizes.handover.timeoutSeconds),
      properties: {
        RetainData: String(retainData),
        // What was called before there were no aliases any more has ended then.
        QuietSeconds: String(requestTimeoutSeconds + 1),
      },
    });
    // With its role's policy; the group of schedules is known by its name alone.
    resource.node.addDependency(handover, schedules);
    for (const { live } of others) live.node.addDependency(resource);
  }
}
