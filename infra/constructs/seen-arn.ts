import { Stack } from "aws-cdk-lib";
import type { CfnResource } from "aws-cdk-lib";
import type { IConstruct } from "constructs";

/** An ARN of `owned` as cdk-nag writes it: a reference within the stack, or the name under which another stack imports it. */
export function arnSeenFrom(consumer: IConstruct, owned: IConstruct, arn: string): string {
  const owner = Stack.of(owned);
  if (owner === Stack.of(consumer)) return `<${owner.getLogicalId(owned.node.defaultChild as CfnResource)}.Arn>`;
  const imported = owner.resolve(owner.exportValue(arn)) as { readonly "Fn::ImportValue": string };
  return imported["Fn::ImportValue"];
}
