import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { IGrantable } from "aws-cdk-lib/aws-iam";

/**
 * Allows actions on those items of a table whose partition key matches one of the patterns (`dynamodb:LeadingKeys`).
 *
 * Only for actions that name a partition key: where the key is missing, as in a Scan, `ForAllValues` lets everything pass.
 */
export function grantOnPartitions(
  table: ITable,
  grantee: IGrantable,
  actions: readonly string[],
  partitionPatterns: readonly string[],
): Grant {
  if (partitionPatterns.length === 0) throw new RangeError("a grant names at least one kind of partition key");
  return Grant.addToPrincipal({
    grantee,
    actions: [...actions],
    resourceArns: [table.tableArn],
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [...partitionPatterns] } },
  });
}
