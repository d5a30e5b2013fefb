/** The chosen props, checked and complete: from `cdk.json`, `cdk synth -c name=value` or, for account and region, the CLI. */
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Node } from "constructs";
import * as z from "zod";
import { metricsLevels } from "../shared/metrics/catalogue.ts";
import type { StreamkeeperProps } from "./props.ts";

const flag = z.union([z.boolean(), z.stringbool()]);

const jwtSchema = z.strictObject({
  issuer: z.url({ protocol: /^https$/ }),
  audience: z.array(z.string().min(1)).min(1),
  claim: z
    .string()
    .regex(/^[\w:/.-]{1,100}$/)
    .optional(),
});

const settingsSchema = z.strictObject({
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,94}$/)
    .default("Streamkeeper"),
  account: z
    .string()
    .regex(/^\d{12}$/)
    .default("000000000000"),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/)
    .default("us-east-1"),
  retainData: flag.default(true),
  functionUrls: flag.default(false),
  push: flag.default(true),
  reserveConcurrency: flag.default(true),
  requestsPerSecondMax: z.coerce.number().int().min(1).max(100_000).default(10_000),
  tracing: flag.default(false),
  logRetentionDays: z.coerce.number().pipe(z.enum(RetentionDays)).default(RetentionDays.ONE_MONTH),
  superDigest: z
    .string()
    .regex(/^[^:\s]+:[A-Za-z0-9+/]{27}=$/)
    .optional(),
  metricsLevel: z.enum(metricsLevels).default("DEFAULT"),
  alarms: flag.default(true),
  dashboard: flag.default(true),
  consumerLagOffsetsMax: z.coerce.number().int().positive().optional(),
  consumerLagSecondsMax: z.coerce.number().int().positive().optional(),
  jwt: z.union([jwtSchema, z.string().transform(parsedJson).pipe(jwtSchema)]).optional(),
  alarmTopicArn: z
    .string()
    .regex(/^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/)
    .optional(),
} satisfies Record<keyof StreamkeeperProps, z.ZodType>);

export type Settings = Readonly<z.output<typeof settingsSchema>>;

/**
 * The props with what they leave out.
 *
 * @throws ZodError if a value is not one that the stacks can be built with
 */
export function settingsOf(props: StreamkeeperProps): Settings {
  return checkedTogether(settingsSchema.parse(props));
}

/**
 * The settings of this run: CDK context first, then what the CDK CLI found out about the caller, then the defaults.
 *
 * @throws ZodError if a value is not one that the stacks can be built with
 */
export function readSettings(node: Node, environment: Readonly<Record<string, string | undefined>>): Settings {
  const fromCaller: Readonly<Record<string, string | undefined>> = {
    account: environment["CDK_DEFAULT_ACCOUNT"],
    region: environment["CDK_DEFAULT_REGION"],
  };
  const names = Object.keys(settingsSchema.shape);
  return checkedTogether(
    settingsSchema.parse(
      Object.fromEntries(names.map((name) => [name, (node.tryGetContext(name) as unknown) ?? fromCaller[name]])),
    ),
  );
}

/** @throws RangeError for settings that contradict each other */
function checkedTogether(settings: Settings): Settings {
  if (settings.jwt === undefined || !settings.functionUrls) return settings;
  throw new RangeError("function URLs know no tokens: jwt and functionUrls cannot be chosen together");
}

function parsedJson(text: string, { issues, value }: z.core.ParsePayload): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    issues.push({ code: "custom", message: "must be JSON", input: value });
    return z.NEVER;
  }
}
