/** The WebSocket API for hints: who connects, what they say, and the address by which they are told. */
import { CfnOutput, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type { CfnResource } from "aws-cdk-lib";
import { AccessLogFormat } from "aws-cdk-lib/aws-apigateway";
import * as apigateway from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketIamAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { WebSocketLambdaIntegration, WebSocketMockIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Grant } from "aws-cdk-lib/aws-iam";
import type { IRole } from "aws-cdk-lib/aws-iam";
import { LogGroup } from "aws-cdk-lib/aws-logs";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import type { CapabilityFunction } from "./capability-function.ts";

export interface PushApiProps {
  /** Serves connections. */
  readonly push: CapabilityFunction;
  readonly logRetention: RetentionDays;
  /** Connections and messages of all clients together; above it they are refused. */
  readonly requestsPerSecondMax: number;
}

/** Stands in the ARNs that permissions name. */
export const pushStage = "live";
const everything = "$default";

/** One line of JSON per connection, message of a client, and end. */
const accessLogFormat = AccessLogFormat.custom(
  JSON.stringify({
    requestId: "$context.requestId",
    requestTime: "$context.requestTime",
    caller: "$context.identity.userArn",
    sourceIp: "$context.identity.sourceIp",
    connectionId: "$context.connectionId",
    eventType: "$context.eventType",
    routeKey: "$context.routeKey",
    status: "$context.status",
    integrationError: "$context.integrationErrorMessage",
    authorizerError: "$context.authorizer.error",
  }),
);

/**
 * To connect a caller needs `execute-api:Invoke` on `<api>/live/$connect`, and hears nothing before it has subscribed by the
 * HTTP API's paths.
 */
export class PushApi extends Construct {
  readonly api: apigateway.WebSocketApi;
  /** Where clients connect. */
  readonly url: string;
  /** Where messages to connections are posted. */
  readonly connectionsUrl: string;

  constructor(scope: Construct, id: string, { push, logRetention, requestsPerSecondMax }: PushApiProps) {
    super(scope, id);
    const served = (name: string): WebSocketLambdaIntegration => new WebSocketLambdaIntegration(name, push.live);
    this.api = new apigateway.WebSocketApi(this, "Api", {
      apiName: `${Stack.of(this).stackName}-push`,
      description: "Streamkeeper: hints of what there is to fetch",
      routeSelectionExpression: "$request.body.action",
      connectRouteOptions: { integration: served("Connect"), authorizer: new WebSocketIamAuthorizer() },
      disconnectRouteOptions: { integration: served("Disconnect") },
    });
    this.#answerPings();
    const said = this.api.addRoute(everything, { integration: served("Message"), returnResponse: true });
    const accessLogs = new LogGroup(this, "AccessLogs", {
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const stage = new apigateway.WebSocketStage(this, "Stage", {
      webSocketApi: this.api,
      stageName: pushStage,
      autoDeploy: true,
      throttle: { rateLimit: requestsPerSecondMax, burstLimit: Math.ceil(requestsPerSecondMax / 2) },
      accessLogSettings: {
        destination: new apigateway.LogGroupLogDestination(accessLogs),
        format: accessLogFormat,
      },
    });
    this.url = stage.url;
    this.connectionsUrl = stage.callbackUrl;
    for (const route of [said, ...this.#routes("$disconnect-Route", "ping-Route")]) {
      Validations.of(route).acknowledge({
        id: "AwsSolutions-APIG4",
        reason: "Only $connect can ask who it is; what is said over a connection is said by who opened it.",
      });
    }
    const output = new CfnOutput(this, "PushUrl", { value: this.url, description: "WebSocket URL for hints" });
    output.overrideLogicalId("PushUrl");
  }

  /** May send messages to connections. */
  grantPost(grantee: IRole): Grant {
    const { apiId } = this.api;
    const stack = Stack.of(this);
    const seen = `<${stack.getLogicalId(this.api.node.defaultChild as CfnResource)}>`;
    Validations.of(grantee).acknowledge({
      id: `AwsSolutions-IAM5[Resource::arn:aws:execute-api:${stack.region}:${stack.account}:${seen}/${pushStage}/POST/@connections/*]`,
      reason: "API Gateway names connections when they are opened.",
    });
    const resourceName = `${pushStage}/POST/@connections/*`;
    return Grant.addToPrincipal({
      grantee,
      actions: ["execute-api:ManageConnections"],
      resourceArns: [stack.formatArn({ service: "execute-api", resource: apiId, resourceName })],
    });
  }

  /** Without a function: a connection that is idle costs what a connection costs. */
  #answerPings(): void {
    const integration = new WebSocketMockIntegration("Ping", {
      requestTemplates: { [everything]: JSON.stringify({ statusCode: 200 }) },
      templateSelectionExpression: `\\${everything}`,
    });
    const route = this.api.addRoute("ping", { integration, returnResponse: true });
    const { integrationId } = route.node.findChild("Ping") as apigateway.WebSocketIntegration;
    new apigateway.CfnIntegrationResponse(this, "Pong", {
      apiId: this.api.apiId,
      integrationId,
      integrationResponseKey: everything,
      responseTemplates: { [everything]: JSON.stringify({ type: "pong" }) },
      templateSelectionExpression: `\\${everything}`,
    });
  }

  #routes(...ids: readonly string[]): readonly Construct[] {
    return ids.map((id) => this.api.node.findChild(id) as Construct);
  }
}
