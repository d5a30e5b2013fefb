/** What each function's role allows, read from the template and put in the words of the storage ports. */
import type { Template } from "aws-cdk-lib/assertions";
import * as z from "zod";
import { matchesPattern } from "../authorization/iam-evaluator.ts";
import { capabilityOf, resourcesOf } from "./synthesize.ts";

/** One action on one resource; on a table only on items whose partition key matches one of the patterns. */
export interface Permission {
  readonly action: string;
  /**
   * `logs`, `items`, `duties`, `expiry`, `failed duties`, `own logs`, `blobs`, or objects of the bucket as `blobs/<pattern>`;
   * `schedules/*`, `schedules' role` to be passed to Scheduler, and the function `sweep`.
   */
  readonly resource: string;
  readonly keys?: readonly string[];
}

/** A request as a store of AWS gets it. */
export interface StorageRequest {
  readonly action: string;
  readonly resource: string;
  /** The partition keys of the items that it names. */
  readonly keys?: readonly string[];
}

/** The ARN of a resource of this stack, or of one that the data stack exports; answers its logical id. */
const arn = z.union([
  z
    .strictObject({ "Fn::GetAtt": z.tuple([z.string(), z.literal("Arn")]) })
    .transform((value) => value["Fn::GetAtt"][0]),
  z
    .strictObject({ "Fn::ImportValue": z.string().regex(/^[\w-]+-Data:ExportsOutputFnGetAtt\w+Arn[0-9A-F]{8}$/) })
    .transform((value) => value["Fn::ImportValue"].replace(/^.*:ExportsOutputFnGetAtt/, "")),
]);
/** Connections of the WebSocket API; its id stands in the ARN. */
const connections = z
  .strictObject({
    "Fn::Join": z.tuple([z.literal(""), z.tuple([z.string(), z.object({ Ref: z.string() }), z.string()])]),
  })
  .transform(({ "Fn::Join": [, [before, { Ref: logicalId }, path]] }) => {
    if (!/^arn:aws:execute-api:[\w-]+:\d{12}:$/.test(before)) throw new Error(`an ARN of another kind: ${before}`);
    return { logicalId, path };
  });
/** Whole ARNs of what is known by its name. */
const named = [
  [/^arn:aws:scheduler:us-east-1:000000000000:schedule\/Streamkeeper-Schedules-Group-[0-9A-F]{8}\/\*$/, "schedules/*"],
  [/^arn:aws:lambda:us-east-1:000000000000:function:Streamkeeper-Schedules-[0-9A-F]{8}-sweep:live$/, "sweep"],
] as const;
const resourceSchema = z.union([
  connections,
  ...named.map(([pattern, name]) =>
    z
      .string()
      .regex(pattern)
      .transform(() => ({ logicalId: name, path: "" })),
  ),
  arn.transform((logicalId) => ({ logicalId, path: "" })),
  z
    .strictObject({ "Fn::Join": z.tuple([z.literal(""), z.tuple([arn, z.string()])]) })
    .transform(({ "Fn::Join": [, [logicalId, path]] }) => ({ logicalId, path })),
]);
const oneOrMore = <Item extends z.ZodType>(item: Item) =>
  z.union([item.transform((value) => [value]), z.array(item)]) as z.ZodType<z.output<Item>[]>;

/** Refuses whatever else a statement could hold, so that no permission goes unnoticed. */
const policySchema = z.object({
  Roles: z.tuple([z.strictObject({ Ref: z.string() })]),
  PolicyDocument: z.strictObject({
    Version: z.string(),
    Statement: z.array(
      z.strictObject({
        Effect: z.literal("Allow"),
        Action: oneOrMore(z.string()),
        Resource: oneOrMore(resourceSchema),
        Condition: z
          .union([
            z.strictObject({
              "ForAllValues:StringLike": z.strictObject({ "dynamodb:LeadingKeys": oneOrMore(z.string()) }),
            }),
            z
              .strictObject({
                StringEquals: z.strictObject({ "iam:PassedToService": z.literal("scheduler.amazonaws.com") }),
              })
              .transform(() => undefined),
          ])
          .optional(),
      }),
    ),
  }),
});

/** @throws ZodError if a policy allows something in a form that these tests do not understand */
export function permissionsOf(template: Template): ReadonlyMap<string, readonly Permission[]> {
  const permissions = new Map<string, Permission[]>();
  for (const [, { Properties }] of resourcesOf(template, "AWS::IAM::Policy")) {
    const { Roles, PolicyDocument } = policySchema.parse(Properties);
    const capability = Roles[0].Ref.startsWith("SchedulesCaller") ? "schedules" : capabilityOf(Roles[0].Ref);
    const known = permissions.get(capability) ?? [];
    permissions.set(capability, known);
    for (const { Action, Resource, Condition } of PolicyDocument.Statement) {
      const keys = Condition?.["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
      for (const action of Action) {
        for (const { logicalId, path } of Resource) {
          known.push({ action, resource: nameOf(logicalId) + path, ...(keys === undefined ? {} : { keys }) });
        }
      }
    }
  }
  return permissions;
}

/**
 * By action, what it may be done to, in order: items as `logs partition:*`, objects as `blobs/hot/*`, or the whole resource.
 */
export function describePermissions(permissions: readonly Permission[]): Readonly<Record<string, readonly string[]>> {
  const described: Record<string, Set<string>> = {};
  for (const { action, resource, keys } of permissions) {
    const targets = (described[action] ??= new Set());
    for (const target of keys?.map((pattern) => `${resource} ${pattern}`) ?? [resource]) targets.add(target);
  }
  return Object.fromEntries(Object.entries(described).map(([action, targets]) => [action, [...targets].toSorted()]));
}

/** By capability, each single thing that its role allows: `dynamodb:Query logs partition:*`. */
export function grantsOf(
  permissions: ReadonlyMap<string, readonly Permission[]>,
): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    [...permissions].map(([capability, allowed]) => [
      capability,
      new Set(
        Object.entries(describePermissions(allowed)).flatMap(([action, targets]) =>
          targets.map((target) => `${action} ${target}`),
        ),
      ),
    ]),
  );
}

export function allows(permissions: readonly Permission[], request: StorageRequest): boolean {
  return permissions.some((permission) => covers(permission, request));
}

/** Which of the single things that are allowed, as `grantsOf` writes them, a request needs. */
export function grantsFor(permissions: readonly Permission[], request: StorageRequest): string[] {
  const permission = permissions.find((one) => covers(one, request));
  if (permission === undefined) return [];
  const { action, resource, keys } = permission;
  if (keys === undefined) return [`${action} ${resource}`];
  return (request.keys ?? []).flatMap((key) => {
    const pattern = keys.find((one) => matchesPattern(one, key));
    return pattern === undefined ? [] : [`${action} ${resource} ${pattern}`];
  });
}

function covers({ keys, ...permission }: Permission, { action, resource, keys: named = [] }: StorageRequest): boolean {
  return (
    permission.action === action &&
    matchesPattern(permission.resource, resource) &&
    (keys === undefined || named.every((key) => keys.some((pattern) => matchesPattern(pattern, key))))
  );
}

const names = {
  LogsTable: "logs",
  ItemsTable: "items",
  BlobsBucket: "blobs",
  DutiesQueue: "duties",
  DutiesFailed: "failed duties",
  ExpiryQueue: "expiry",
  HintsLost: "lost hints",
  SchedulesCaller: "schedules' role",
} as const;

function nameOf(logicalId: string): string {
  if (named.some(([, name]) => name === logicalId)) return logicalId;
  for (const [prefix, name] of Object.entries(names)) if (logicalId.startsWith(prefix)) return name;
  if (/^PushApi[0-9A-F]{8}$/.test(logicalId)) return "push";
  if (/^[a-z]+Logs/.test(logicalId)) return "own logs";
  throw new Error(`a permission on a resource that these tests do not know: ${logicalId}`);
}
