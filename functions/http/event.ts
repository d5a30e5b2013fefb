/**
 * What goes into a handler and what comes out: API Gateway's HTTP API events, format 2.0, cut to what we use, and beside
 * them a way for a server in the same process to hand over bytes as they are.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */

import type { Metrics } from "../../shared/metrics/metrics.ts";

export interface HttpEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in lower case; repeated headers are joined by commas. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The route that API Gateway found, for example `GET /health`; `$default` for a function URL. */
  readonly routeKey?: string;
  readonly requestContext: {
    readonly requestId: string;
    readonly http: { readonly method: string; readonly sourceIp?: string };
    readonly authorizer?: {
      /** Who signed the request, where IAM is asked. */
      readonly iam?: { readonly userArn?: string };
      /** What a token says, where tokens are asked for. */
      readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> };
    };
  };
  readonly body?: string | undefined;
  readonly isBase64Encoded: boolean;
  /** Set by a server in the same process; then `body` is not, and the answer is an `HttpAnswer`. */
  readonly direct?: DirectTransport;
}

export interface DirectTransport {
  /** The whole body; absent where there was none. The service may keep it. */
  readonly body: Uint8Array | undefined;
  /** Aborts when the client is gone or the server closes; made when it is first asked for. */
  readonly signal: AbortSignal;
}

/** What a request is answered with, before it is put in the form of the transport. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Text is UTF-8; several pieces of bytes are sent one after the other. */
  readonly body?: string | readonly Uint8Array[];
}

/** API Gateway's answer, format 2.0. */
export interface GatewayAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

/** The part of Lambda's context that handlers use, and what the container adds; a server in the same process has little of it. */
export interface InvocationContext {
  readonly getRemainingTimeInMillis?: () => number;
  /** Lambda's id of the call, as its own lines in the log have it. */
  readonly awsRequestId?: string;
  /** The first call of its container. */
  readonly coldStart?: boolean;
  /** Where requests and duties are counted. */
  readonly metrics?: Metrics | undefined;
}

/** What the transport knows of the caller. */
export interface Caller {
  /** Address of the other end of the connection. */
  readonly sourceIp: string | undefined;
  /** AWS principal that signed the request. */
  readonly userArn: string | undefined;
  /** Subject of the token that was checked. */
  readonly subject?: string | undefined;
}

/** A request after routing, with everything that an operation may need. */
export interface RoutedRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly rawQueryString: string;
  readonly headers: HttpEvent["headers"];
  readonly body: RequestBody;
  readonly caller: Caller;
  /** The most bytes of body that the transport can carry back. */
  readonly answerBytesMax: number;
  /** The longest that the transport lets a request wait, ms. */
  readonly waitMsMax: number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export type RequestBody =
  | { readonly kind: "none" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };
