import { Match } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { routes } from "../../shared/api/routes.ts";
import type { Route } from "../../shared/api/routes.ts";
import { capabilityOf, resourcesOf, synthesize } from "./synthesize.ts";

const template = synthesize();
const served: ReadonlySet<string> = new Set(Object.values<Route>(routes).map(({ capability }) => capability));
const deployed = resourcesOf(template, "AWS::ApiGatewayV2::Route")
  .map(([, { Properties }]) => Properties)
  .filter(({ ApiId }) => (ApiId as { Ref: string }).Ref.startsWith("HttpApi"));

/** The function that a deployed route leads to. */
function servedBy(route: Readonly<Record<string, unknown>>): string | undefined {
  const target = route["Target"] as { "Fn::Join": [string, [string, { Ref: string }]] };
  const integration = resourcesOf(template, "AWS::ApiGatewayV2::Integration").find(
    ([id]) => id === target["Fn::Join"][1][1].Ref,
  );
  const uri = integration?.[1].Properties["IntegrationUri"] as { Ref: string } | undefined;
  return uri === undefined ? undefined : capabilityOf(uri.Ref);
}

describe("the HTTP API", () => {
  test("has every route of the route table, each with the function of its capability, and no other", () => {
    const expected = Object.values<Route>(routes).map(({ method, path, capability }) => [
      `${method} ${path}`,
      capability,
    ]);
    const actual = deployed.map((route) => [route["RouteKey"], servedBy(route)]);
    expect(Object.fromEntries(actual)).toEqual(Object.fromEntries(expected));
  });

  test("lets nobody in without IAM, whatever the route", () => {
    expect(new Set(deployed.map((route) => route["AuthorizationType"]))).toEqual(new Set(["AWS_IAM"]));
  });

  test("hands over requests in the form that the handlers read", () => {
    const integrations = resourcesOf(template, "AWS::ApiGatewayV2::Integration").filter(([id]) =>
      id.startsWith("HttpApi"),
    );
    expect(integrations.length).toBeGreaterThan(0);
    for (const [, { Properties }] of integrations)
      expect(Properties).toMatchObject({ PayloadFormatVersion: "2.0", IntegrationType: "AWS_PROXY" });
  });

  test("may call the functions of its routes, and only they may be called by it", () => {
    const allowed = resourcesOf(template, "AWS::Lambda::Permission")
      .filter(
        ([id, { Properties }]) => id.startsWith("HttpApi") && Properties["Principal"] === "apigateway.amazonaws.com",
      )
      .map(([, { Properties }]) => (Properties["FunctionName"] as { Ref: string }).Ref)
      .map(capabilityOf);
    expect(new Set(allowed)).toEqual(
      new Set(["election", "fetch", "groups", "health", "produce", "sessions", "topics", "transactions", "znode"]),
    );
  });

  test("writes a line of JSON per request, by which the function's own lines are found", () => {
    template.hasResourceProperties("AWS::ApiGatewayV2::Stage", {
      StageName: "$default",
      AutoDeploy: true,
      AccessLogSettings: {
        DestinationArn: { "Fn::GetAtt": [Match.stringLikeRegexp("AccessLogs"), "Arn"] },
        Format: Match.serializedJson(Match.objectLike({ requestId: "$context.requestId", status: "$context.status" })),
      },
    });
  });

  test("tells its address", () => {
    template.hasOutput("Endpoint", { Description: "Base URL of the HTTP API" });
  });
});

describe("the HTTP API for tokens", () => {
  const jwt = { issuer: "https://issuer.example/pool", audience: ["streamkeeper"], claim: "permissions" };
  const forTokens = synthesize({ jwt });

  test("lets nobody in without a token of the issuer, whatever the route", () => {
    const authorizations = resourcesOf(forTokens, "AWS::ApiGatewayV2::Route").map(
      ([, { Properties }]) => Properties["AuthorizationType"],
    );
    expect(authorizations).toHaveLength(Object.keys(routes).length);
    expect(new Set(authorizations)).toEqual(new Set(["JWT"]));
    forTokens.hasResourceProperties("AWS::ApiGatewayV2::Authorizer", {
      AuthorizerType: "JWT",
      IdentitySource: ["$request.header.Authorization"],
      JwtConfiguration: { Issuer: jwt.issuer, Audience: jwt.audience },
    });
  });

  test("tells every function of a route that it is behind tokens", () => {
    for (const [settings, expected] of [
      [forTokens, ["jwt", "permissions"]],
      [template, ["iam", undefined]],
    ] as const) {
      const said = resourcesOf(settings, "AWS::Lambda::Function").flatMap(([id, { Properties }]) => {
        if (!served.has(capabilityOf(id))) return [];
        const { Variables } = Properties["Environment"] as { readonly Variables: Readonly<Record<string, unknown>> };
        return [[Variables["STREAMKEEPER_AUTHORIZATION"], Variables["STREAMKEEPER_PERMISSION_CLAIM"]]];
      });
      expect(said).toEqual(Array.from({ length: served.size }, () => expected));
    }
  });
});
