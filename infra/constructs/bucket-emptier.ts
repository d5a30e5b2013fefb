/** Empties a bucket when its stack is deleted, which CloudFormation itself does not. */
import { CustomResource, Duration, Stack, Tags, Validations } from "aws-cdk-lib";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Bucket, CfnBucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { disposableTag } from "../../shared/storage/aws/disposable-tag.ts";
import { CapabilityFunction } from "./capability-function.ts";

/** As long as Lambda lets it. */
const timeoutSeconds = 900;

export interface BucketEmptierProps {
  readonly bucket: Bucket;
  readonly logRetention: RetentionDays;
}

/**
 * A function that may list and delete the objects of one bucket, called when the stack is deleted.
 *
 * Instead of CDK's `autoDeleteObjects`, whose function may write to every log group of the account, runs on what CDK chooses and
 * needs the SDK of Lambda's runtime.
 */
export class BucketEmptier extends Construct {
  constructor(scope: Construct, id: string, { bucket, logRetention }: BucketEmptierProps) {
    super(scope, id);
    // A stack that is told to keep its data after all loses the tag before it loses this function, which then deletes nothing.
    Tags.of(bucket).add(disposableTag, "true");
    const { live, role } = new CapabilityFunction(this, "empty-bucket", {
      capability: "empty-bucket",
      description: "Empties the bucket of a stack that is deleted",
      memoryMb: 512,
      timeoutSeconds,
      environment: { STREAMKEEPER_BUCKET: bucket.bucketName },
      logRetention,
      tracing: false,
    });
    const objects = bucket.arnForObjects("*");
    const logicalId = Stack.of(this).getLogicalId(bucket.node.defaultChild as CfnBucket);
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${logicalId}.Arn>/*]`,
      reason: "It deletes whatever is in the bucket: that is all that it is for.",
    });
    const resource = new CustomResource(this, "Emptying", {
      resourceType: "Custom::EmptyBucket",
      serviceToken: live.functionArn,
      serviceTimeout: Duration.seconds(timeoutSeconds),
    });
    for (const [action, arn] of [
      ["s3:GetBucketTagging", bucket.bucketArn],
      ["s3:ListBucket", bucket.bucketArn],
      ["s3:DeleteObject", objects],
    ] as const) {
      Grant.addToPrincipal({ grantee: role, actions: [action], resourceArns: [arn] }).applyBefore(resource);
    }
  }
}
