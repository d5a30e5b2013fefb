import type { Clock } from "../environment.ts";
import type { HttpConnections, HttpHandlerOptions } from "./http-connections.ts";

/** How to reach a service. What is absent the SDK takes from the usual AWS environment variables and files. */
export interface ClientOptions {
  /** Tells how long connections were idle. */
  readonly clock: Clock;
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Bounds one request instead of the service's own limit. */
  readonly requestMsMax?: number;
}

/** What the clients of all services have in common. */
export interface ClientConfiguration {
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly credentials: ClientOptions["credentials"] | undefined;
  /** `AwsRequests` knows what may be sent again; the SDK does not. */
  readonly maxAttempts: 1;
  readonly requestHandler: HttpHandlerOptions;
}

/** Copies every answer, value by value, to hide secrets in it from a log that nobody writes. */
const wastefulMiddleware = "loggerMiddleware";

export function clientConfiguration(
  options: ClientOptions,
  connections: HttpConnections,
  requestMsMax: number,
): ClientConfiguration {
  return {
    endpoint: options.endpoint,
    region: options.region,
    credentials: options.credentials,
    maxAttempts: 1,
    requestHandler: connections.handlerOptions(options.requestMsMax ?? requestMsMax),
  };
}

/** The part of a client's stack that `sendOver` changes. */
interface Stack {
  remove(name: string): boolean;
  add(
    middleware: <Input, Output>(next: (input: Input) => Promise<Output>) => (input: Input) => Promise<Output>,
    options: { readonly name: string; readonly step: "initialize" },
  ): void;
}

/** Has a client send each of its requests over `connections`. */
export function sendOver(connections: HttpConnections, { middlewareStack }: { readonly middlewareStack: Stack }): void {
  middlewareStack.remove(wastefulMiddleware);
  middlewareStack.add((next) => async (input) => await connections.use(async () => await next(input)), {
    name: "streamkeeperConnections",
    step: "initialize",
  });
}

/** Stores other than AWS's own seldom have a host name for every bucket. */
export function hasOwnS3Endpoint(variables: Readonly<Record<string, string | undefined>>): boolean {
  return (variables["AWS_ENDPOINT_URL_S3"] ?? variables["AWS_ENDPOINT_URL"]) !== undefined;
}
