/** The HTTP API in front of the functions: the route table, route by route, open only to callers with IAM permission or a token. */
import { CfnOutput, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import * as apigateway from "aws-cdk-lib/aws-apigatewayv2";
import { HttpIamAuthorizer, HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { Capability, Route } from "../../shared/api/routes.ts";
import type { CapabilityFunction } from "./capability-function.ts";

export interface HttpApiProps {
  readonly routes: Readonly<Record<string, Route>>;
  readonly functions: Readonly<Record<Capability, CapabilityFunction>>;
  readonly logRetention: RetentionDays;
  /** Tokens of this issuer for these audiences, in place of IAM. */
  readonly jwt?: { readonly issuer: string; readonly audience: readonly string[] } | undefined;
  /** Requests of all callers together; above it they are answered 429. */
  readonly requestsPerSecondMax: number;
}

/** One line of JSON per request: enough to find the function's own lines by `requestId`. */
const accessLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    requestId: "$context.requestId",
    requestTime: "$context.requestTime",
    caller: "$context.identity.userArn",
    subject: "$context.authorizer.claims.sub",
    sourceIp: "$context.identity.sourceIp",
    routeKey: "$context.routeKey",
    path: "$context.path",
    status: "$context.status",
    responseLengthBytes: "$context.responseLength",
    responseLatencyMs: "$context.responseLatency",
    integrationLatencyMs: "$context.integrationLatency",
    integrationError: "$context.integrationErrorMessage",
    authorizerError: "$context.authorizer.error",
  }),
);

function authorizerOf({ jwt }: HttpApiProps): apigateway.IHttpRouteAuthorizer {
  if (jwt === undefined) return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer("Tokens", jwt.issuer, { jwtAudience: [...jwt.audience] });
}

/**
 * Serves every route with the function of its capability. A caller needs `execute-api:Invoke` on the routes that it uses
 * (`infra/policies/`), or a token whose claims the functions look at.
 */
export class HttpApi extends Construct {
  readonly api: apigateway.HttpApi;

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    this.api = new apigateway.HttpApi(this, "Api", {
      apiName: Stack.of(this).stackName,
      description: "Streamkeeper: topics, records, groups, transactions, znodes, sessions, elections and locks",
      createDefaultStage: false,
      defaultAuthorizer: authorizerOf(props),
    });

    const integrations = new Map<Capability, HttpLambdaIntegration>();
    for (const { method, path, capability } of Object.values(props.routes)) {
      const integration =
        integrations.get(capability) ??
        // One permission per function and not per route: a function's resource policy holds 20 KB.
        new HttpLambdaIntegration(capability, props.functions[capability].live, { scopePermissionToRoute: false });
      integrations.set(capability, integration);
      this.api.addRoutes({ path, methods: [apigateway.HttpMethod[method]], integration });
    }

    const accessLogs = new LogGroup(this, "AccessLogs", {
      retention: props.logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new apigateway.HttpStage(this, "Stage", {
      httpApi: this.api,
      stageName: "$default",
      autoDeploy: true,
      throttle: { rateLimit: props.requestsPerSecondMax, burstLimit: Math.ceil(props.requestsPerSecondMax / 2) },
      accessLogSettings: {
        destination: new apigateway.LogGroupLogDestination(accessLogs),
        format: accessLogFormat,
      },
    });

    const endpoint = new CfnOutput(this, "Endpoint", {
      value: this.api.apiEndpoint,
      description: "Base URL of the HTTP API",
    });
    endpoint.overrideLogicalId("Endpoint");
  }
}
