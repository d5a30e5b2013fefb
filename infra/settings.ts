/** What one deployment may choose: from `cdk.json`, `cdk synth -c name=value` or, for the account and region, the environment. */
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Node } from "constructs";
import * as z from "zod";

const flag = z.union([z.boolean(), z.stringbool()]);

const settingsSchema = z.strictObject({
  /** Stack name: two stacks in one account are two separate services. */
  stackName: z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/),
  /** Tables and bucket survive the stack and refuse to be deleted. Turn off only for stacks made to be thrown away. */
  retainData: flag,
  /** X-Ray traces of every function; off because its write permission cannot be narrowed to a resource. */
  tracing: flag,
  /** CloudWatch Logs offers these numbers of days and no others. */
  logRetentionDays: z.coerce.number().pipe(z.enum(RetentionDays)),
  /** `user:base64(SHA-1(user:password))` of who may do everything with znodes, as ZooKeeper's superDigest. */
  superDigest: z
    .string()
    .regex(/^[^:\s]+:[A-Za-z0-9+/]{27}=$/)
    .optional(),
  /** SNS topic that every alarm notifies; without it alarms only show their state. */
  alarmTopicArn: z
    .string()
    .regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/)
    .optional(),
});

export type Settings = Readonly<z.infer<typeof settingsSchema>>;

const defaults: Settings = {
  stackName: "Streamkeeper",
  // What stands in for an account when the CLI has no credentials, so that synthesis needs none.
  account: "000000000000",
  region: "us-east-1",
  retainData: true,
  tracing: false,
  logRetentionDays: RetentionDays.ONE_MONTH,
};

/**
 * The settings of this run: CDK context first, then what the CDK CLI found out about the caller, then the defaults.
 *
 * @throws ZodError if a value is not one that the stack can be built with
 */
export function readSettings(node: Node, environment: Readonly<Record<string, string | undefined>>): Settings {
  const fromCaller: Record<string, unknown> = {
    account: environment["CDK_DEFAULT_ACCOUNT"],
    region: environment["CDK_DEFAULT_REGION"],
  };
  const chosen = Object.keys(settingsSchema.shape).map((name) => {
    const fallback: unknown = fromCaller[name] ?? defaults[name as keyof Settings];
    return [name, (node.tryGetContext(name) as unknown) ?? fallback] as const;
  });
  return settingsSchema.parse(Object.fromEntries(chosen));
}
