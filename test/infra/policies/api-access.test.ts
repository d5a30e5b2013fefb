import { App, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { describe, expect, test } from "vitest";
import { ApiAccess } from "../../../infra/policies/api-access.ts";
import { isAllowed } from "../../authorization/iam-evaluator.ts";
import { principals, resourceOf, synthesizedPolicies } from "../../authorization/principals.ts";
import { addStacks, appWithoutBundling } from "../synthesize.ts";

function caller(): { readonly stack: Stack; readonly role: Role; readonly access: ApiAccess } {
  const stack = new Stack(new App(), "Callers");
  const role = new Role(stack, "caller", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
  return { stack, role, access: new ApiAccess(stack, "api") };
}

describe("a grant", () => {
  test("names methods and paths of the stage, and denies what may be read in two ways once", () => {
    const { stack, role, access } = caller();
    access.grantProduce(role, { namespace: "default", topic: "orders" });
    access.grantLock(role, { namespace: "default", lock: "nightly" });
    const [policy] = Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy"));
    const text = JSON.stringify(policy);
    expect(text).toContain(":api/$default/POST/v1/default/topics/orders/partitions/*/records");
    expect(text).toContain(":api/$default/POST/v1/default/locks/nightly/acquire");
    expect(text.match(/"Deny"/g)).toHaveLength(1);
    expect(text).toContain(":api/$default/*/*%2F*");
  });

  test("is had from the stack of the service, for its own API", () => {
    const app = appWithoutBundling();
    const { service } = addStacks(app);
    const role = new Role(service, "caller", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    service.access.grantCoordinate(role, { namespace: "default", path: "/app" });
    Template.fromStack(service).hasResourceProperties("AWS::IAM::Policy", {
      Roles: [{ Ref: Match.stringLikeRegexp("^caller") }],
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: "Allow", Action: "execute-api:Invoke" }),
          Match.objectLike({ Effect: "Deny", Action: "execute-api:Invoke" }),
        ]),
      },
    });
  });

  test.each([
    { namespace: "*", topic: "orders" },
    { namespace: "def*", topic: "orders" },
    { namespace: "default/topics", topic: "orders" },
    { namespace: "namespaces", topic: "orders" },
    { namespace: "default", topic: "" },
    { namespace: "default", topic: ".." },
    { namespace: "default", topic: "orders/partitions" },
    { namespace: "default", topic: "100%" },
    { namespace: "default", topic: "what?" },
  ])("is refused where a name is none, or cannot be said: $namespace $topic", (names) => {
    const { role, access } = caller();
    expect(() => access.grantProduce(role, names)).toThrow(RangeError);
  });

  test("takes an asterisk in a name for itself, as it is and as it is sent", () => {
    const group = { exact: "mail*" };
    const policies = synthesizedPolicies({ member: { action: "consume", namespace: "default", topic: "t", group } });
    const mayCommit = (name: string): boolean =>
      isAllowed(policies.get("member") ?? [], {
        action: "execute-api:Invoke",
        resource: resourceOf("PUT", `/v1/default/groups/${name}/offsets`),
      });
    expect(["mail*", "mail%2A", "mails", "mail", "mail-x/y"].filter(mayCommit)).toEqual(["mail*", "mail%2A"]);
  });

  test("fits a role's inline policies with several others: they hold 10,240 characters in all", () => {
    const sizes = [...synthesizedPolicies()].map(
      ([name, statements]) => [name, JSON.stringify(statements).length] as const,
    );
    expect(sizes).toHaveLength(Object.keys(principals).length);
    expect(sizes.filter(([, chars]) => chars > 3_600)).toEqual([]);
  });
});
