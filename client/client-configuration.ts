import type { Capability } from "../shared/api/routes.ts";
import { fetchBytesMax, entryPayloadBytesMax } from "../shared/limits.ts";
import type { DigestAuth } from "./digest-auth.ts";
import { parseEndpoint, signingNamesOf } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import type { SigningNames } from "./http-message.ts";
import type { TokenProvider } from "./middleware/bearer-token.ts";
import type { AwsCredentials, AwsCredentialsProvider } from "./middleware/signing.ts";
import { safetyPollMsDefault } from "./push/listener.ts";
import type { Transport } from "./node-http-transport.ts";

/** Attempts of one call; the AWS SDK's default. */
const maxAttemptsDefault = 3;
/** An HTTP API ends a request at 30 s; after a little more there will be no answer. */
const requestTimeoutMsDefault = 32_000;
const connectionTimeoutMsDefault = 5_000;
/** Connections of one client; the AWS SDK's default. */
const connectionsMaxDefault = 50;
/**
 * Largest answer that is taken. A fetch answers up to its `maxBytes` or one whole entry, and JSON makes of a byte at most
 * six characters (an escaped control character).
 */
const responseBytesMaxDefault = 6 * Math.max(fetchBytesMax, entryPayloadBytesMax) + 1_048_576;

/** Functions that may have an endpoint of their own. */
export interface FunctionEndpoints {
  readonly produce?: string;
  readonly fetch?: string;
}

export interface StreamkeeperClientOptions {
  /** For example `http://127.0.0.1:8080`, or an API Gateway or function URL, its stage included. */
  readonly endpoint: string;
  /**
   * URLs of single functions, which take the requests that they serve: the stack's outputs `ProduceUrl` and `FetchUrl`, signed
   * for `lambda` unless the host name says otherwise. All else goes to `endpoint`.
   */
  readonly endpoints?: FunctionEndpoints;
  /** Namespace of commands that name none. Default `default`. */
  readonly namespace?: string;
  /** Who asks, for the access control lists of znodes. */
  readonly auth?: readonly DigestAuth[];
  /** With credentials each request is signed (SigV4); without, none is. */
  readonly credentials?: AwsCredentials | AwsCredentialsProvider;
  /** Sent with each request in place of a signature, to an API that asks for tokens (JWT). */
  readonly token?: string | TokenProvider;
  /** Default: as the host name of `endpoint` says. */
  readonly region?: string;
  /** Name to sign for at `endpoint`: `execute-api` for API Gateway, `lambda` for a function URL. Default: as the host name says. */
  readonly signingService?: "execute-api" | "lambda";
  /** Requests that one call may send, the first included. Default 3. */
  readonly maxAttempts?: number;
  /** Time for one attempt beside the `waitMs` of a long poll. Default 32,000. */
  readonly requestTimeoutMs?: number;
  /** Time to open a connection. Default 5,000. */
  readonly connectionTimeoutMs?: number;
  /** Connections open at once, and as many more for long polls; more calls wait for one. Default 50. */
  readonly connectionsMax?: number;
  /** Largest answer that is taken. Default 49 MiB, which is above anything that the service answers. */
  readonly responseBytesMax?: number;
  /**
   * Readers that have nothing to read are told over a WebSocket when there is, in place of long polls; where the service or the
   * platform has none, they poll. `safetyPollMs`: longest time until one looks by itself, should a hint be lost; default
   * 300,000. False: they always poll. Default true.
   */
  readonly push?: boolean | { readonly safetyPollMs: number };
  /** Takes the place of node:http; the client then closes it in `destroy`. */
  readonly transport?: Transport;
}

export interface ClientConfiguration {
  readonly endpoint: Endpoint;
  /** Of functions that have one of their own. */
  readonly endpoints: Readonly<Partial<Record<Capability, Endpoint>>>;
  readonly namespace: string;
  readonly auth: readonly DigestAuth[] | undefined;
  readonly credentials: AwsCredentials | AwsCredentialsProvider | undefined;
  readonly token: string | TokenProvider | undefined;
  readonly maxAttempts: number;
  readonly requestTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  readonly connectionsMax: number;
  readonly responseBytesMax: number;
  /** Undefined: no hints. */
  readonly safetyPollMs: number | undefined;
}

/** Checks the options and fills in the defaults. @throws TypeError for an option that cannot be */
export function resolveConfiguration(options: StreamkeeperClientOptions): ClientConfiguration {
  if (options.token !== undefined && options.credentials !== undefined) {
    throw new TypeError("an API asks for a signature or for a token: give credentials or a token");
  }
  const endpoint = signedEndpoint(parseEndpoint(options.endpoint), options, {
    region: options.region,
    service: options.signingService,
  });
  return {
    endpoint,
    endpoints: functionEndpoints(options, options.region ?? endpoint.signing?.region),
    namespace: options.namespace ?? "default",
    auth: options.auth,
    credentials: options.credentials,
    token: options.token,
    maxAttempts: positive(options.maxAttempts ?? maxAttemptsDefault, "maxAttempts"),
    requestTimeoutMs: positive(options.requestTimeoutMs ?? requestTimeoutMsDefault, "requestTimeoutMs"),
    connectionTimeoutMs: positive(options.connectionTimeoutMs ?? connectionTimeoutMsDefault, "connectionTimeoutMs"),
    connectionsMax: positive(options.connectionsMax ?? connectionsMaxDefault, "connectionsMax"),
    responseBytesMax: positive(options.responseBytesMax ?? responseBytesMaxDefault, "responseBytesMax"),
    safetyPollMs: safetyPollMsOf(options.push ?? true),
  };
}

function safetyPollMsOf(push: NonNullable<StreamkeeperClientOptions["push"]>): number | undefined {
  if (typeof push === "object") return positive(push.safetyPollMs, "push.safetyPollMs");
  return push ? safetyPollMsDefault : undefined;
}

/** Checks a number of an option. @throws TypeError if it is not a whole number from 1 on */
export function positive(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`${name} must be a whole number from 1 on`);
  return value;
}

function functionEndpoints(
  options: StreamkeeperClientOptions,
  region: string | undefined,
): ClientConfiguration["endpoints"] {
  const { produce, fetch, ...others } = options.endpoints ?? {};
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw new TypeError(`endpoints: ${unknown} cannot have an endpoint of its own`);
  const endpoints: Partial<Record<Capability, Endpoint>> = {};
  for (const [capability, url] of Object.entries({ produce, fetch })) {
    if (url === undefined) continue;
    const endpoint = parseEndpoint(url);
    const { service = "lambda" } = signingNamesOf(endpoint.hostname) ?? {};
    endpoints[capability as keyof FunctionEndpoints] = signedEndpoint(endpoint, options, { region, service });
  }
  return endpoints;
}

/** What is chosen goes before what the host name says. */
function signedEndpoint(
  endpoint: Endpoint,
  { credentials }: StreamkeeperClientOptions,
  chosen: { readonly [Name in keyof SigningNames]: SigningNames[Name] | undefined },
): Endpoint {
  if (credentials === undefined) return endpoint;
  const named = signingNamesOf(endpoint.hostname);
  const region = chosen.region ?? named?.region;
  if (region === undefined) throw new TypeError("credentials need a region: the endpoint does not name one");
  return { ...endpoint, signing: { region, service: chosen.service ?? named?.service ?? "execute-api" } };
}
