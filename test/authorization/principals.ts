/** Those whose permissions the matrix tells, each with a policy that CDK makes and with a token that says the same. */
import { App, Stack } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Template } from "aws-cdk-lib/assertions";
import * as z from "zod";
import { ApiAccess } from "../../infra/policies/api-access.ts";
import { parsePermission } from "../../shared/api/permission-text.ts";
import type { Permission } from "../../shared/api/permissions.ts";
import type { Statement } from "./iam-evaluator.ts";

const inDefault = { namespace: "default" } as const;

/** By name, the permission as it is granted in an app. */
export const principals = {
  producer: { action: "produce", ...inDefault, topic: "orders" },
  producers: { action: "produce", ...inDefault, topic: "orders-*" },
  consumer: { action: "consume", ...inDefault, topic: "orders", group: "billing" },
  consumers: { action: "consume", ...inDefault, topic: "orders-*", group: "billing-*" },
  fetcher: { action: "fetch", ...inDefault, topic: "orders" },
  worker: { action: "share", ...inDefault, topic: "orders", group: "mail" },
  workers: { action: "share", ...inDefault, topic: "*", group: "mail-*" },
  owner: { action: "manage", ...inDefault, topic: "orders" },
  owners: { action: "manage", ...inDefault, topic: "orders-*" },
  transactor: { action: "transact", ...inDefault },
  coordinator: { action: "coordinate", ...inDefault, path: "/app" },
  services: { action: "coordinate", ...inDefault, path: "/app/svc-*" },
  observer: { action: "observe", ...inDefault, path: "/app" },
  root: { action: "coordinate", ...inDefault, path: "/" },
  elector: { action: "elect", ...inDefault, election: "head" },
  locker: { action: "lock", ...inDefault, lock: "nightly" },
  reader: { action: "read", ...inDefault },
  admin: { action: "admin", ...inDefault },
  operator: { action: "operate" },
  stranger: { action: "admin", namespace: "default-2" },
  nobody: undefined,
} as const satisfies Record<string, Permission | undefined>;

export type PrincipalName = keyof typeof principals;

export const principalNames = Object.keys(principals) as PrincipalName[];

const region = "eu-central-1";
const account = "111122223333";
const apiId = "a1b2c3d4e5";

/** What IAM is asked for a request. */
export function resourceOf(method: string, path: string): string {
  return `arn:aws:execute-api:${region}:${account}:${apiId}/$default/${method}${path}`;
}

/** The statements of each principal's role, as CloudFormation gets them. */
export function synthesizedPolicies(
  permissions: Readonly<Record<string, Permission | undefined>> = principals,
): ReadonlyMap<string, readonly Statement[]> {
  const stack = new Stack(new App(), "Callers", { env: { account, region } });
  const access = new ApiAccess(stack, apiId);
  for (const [name, permission] of Object.entries(permissions)) {
    const role = new Role(stack, name, { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    if (permission !== undefined) access.grant(role, permission);
  }
  const policies = new Map<string, readonly Statement[]>(Object.keys(permissions).map((name) => [name, []]));
  for (const { Properties } of Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy"))) {
    const { Roles, PolicyDocument } = policySchema.parse(Properties);
    const name = Object.keys(permissions).find((one) => new RegExp(`^${one}[0-9A-F]{8}$`).test(Roles[0].Ref));
    if (name === undefined) throw new Error(`a policy of nobody: ${Roles[0].Ref}`);
    policies.set(name, PolicyDocument.Statement);
  }
  return policies;
}

/** The claim of each principal's token, as the head of `matrix.txt` has it. */
export function claimsOf(matrix: string): ReadonlyMap<string, string> {
  const head = matrix.slice(0, matrix.indexOf("\n\n"));
  return new Map(
    [...head.matchAll(/(\w+) +([a-z]+:\S+|operate(?=\s))/g)].map(([, name = "", text = ""]) => [name, text]),
  );
}

/** The same permission, said in a token. */
export function permissionOfClaim(text: string | undefined): Permission | undefined {
  return text === undefined ? undefined : parsePermission(text);
}

const oneOrMore = z.union([z.string().transform((one) => [one]), z.array(z.string())]);
const joined = z
  .strictObject({
    "Fn::Join": z.tuple([
      z.literal(""),
      z.array(z.union([z.string(), z.strictObject({ Ref: z.literal("AWS::Partition") })])),
    ]),
  })
  .transform(({ "Fn::Join": [, parts] }) => parts.map((part) => (typeof part === "string" ? part : "aws")).join(""));
const resources = z.union([joined.transform((one) => [one]), z.array(joined)]);
const policySchema = z.object({
  Roles: z.tuple([z.strictObject({ Ref: z.string() })]),
  PolicyDocument: z.strictObject({
    Version: z.literal("2012-10-17"),
    Statement: z.array(
      z
        .strictObject({ Effect: z.enum(["Allow", "Deny"]), Action: oneOrMore, Resource: resources })
        .transform(({ Effect, Action, Resource }) => ({ effect: Effect, actions: Action, resources: Resource })),
    ),
  }),
});
