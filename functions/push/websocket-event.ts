/**
 * API Gateway's WebSocket events, cut to what we use.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-api-develop-integrations-lambda.html
 */
export interface WebSocketEvent {
  readonly requestContext: {
    readonly eventType: "CONNECT" | "DISCONNECT" | "MESSAGE";
    readonly connectionId: string;
    readonly requestId?: string;
    /** Who signed the request to connect, where IAM is asked. */
    readonly identity?: { readonly userArn?: string };
  };
  readonly body?: string | null;
}

export interface WebSocketAnswer {
  readonly statusCode: number;
  /** What a message is answered with. */
  readonly body?: string;
}
