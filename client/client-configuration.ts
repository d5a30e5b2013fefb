import { fetchBytesMax, entryPayloadBytesMax } from "../shared/limits.ts";
import type { DigestAuth } from "./digest-auth.ts";
import { parseEndpoint, signingNamesOf } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import type { AwsCredentials, AwsCredentialsProvider, SigningOptions } from "./middleware/signing.ts";
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

export interface StreamkeeperClientOptions {
  /** For example `http://127.0.0.1:8080`, or an API Gateway or function URL, its stage included. */
  readonly endpoint: string;
  /** Namespace of commands that name none. Default `default`. */
  readonly namespace?: string;
  /** Who asks, for the access control lists of znodes. */
  readonly auth?: readonly DigestAuth[];
  /** With credentials each request is signed (SigV4); without, none is. */
  readonly credentials?: AwsCredentials | AwsCredentialsProvider;
  /** Default: as the endpoint's host name says. */
  readonly region?: string;
  /** Name to sign for: `execute-api` for API Gateway, `lambda` for a function URL. Default: as the host name says. */
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
  /** Takes the place of node:http; the client then closes it in `destroy`. */
  readonly transport?: Transport;
}

export interface ClientConfiguration {
  readonly endpoint: Endpoint;
  readonly namespace: string;
  readonly auth: readonly DigestAuth[] | undefined;
  readonly signing: SigningOptions | undefined;
  readonly maxAttempts: number;
  readonly requestTimeoutMs: number;
  readonly connectionTimeoutMs: number;
  readonly connectionsMax: number;
  readonly responseBytesMax: number;
}

/** Checks the options and fills in the defaults. @throws TypeError for an option that cannot be */
export function resolveConfiguration(options: StreamkeeperClientOptions): ClientConfiguration {
  const endpoint = parseEndpoint(options.endpoint);
  return {
    endpoint,
    namespace: options.namespace ?? "default",
    auth: options.auth,
    signing: signingOf(options, endpoint),
    maxAttempts: positive(options.maxAttempts ?? maxAttemptsDefault, "maxAttempts"),
    requestTimeoutMs: positive(options.requestTimeoutMs ?? requestTimeoutMsDefault, "requestTimeoutMs"),
    connectionTimeoutMs: positive(options.connectionTimeoutMs ?? connectionTimeoutMsDefault, "connectionTimeoutMs"),
    connectionsMax: positive(options.connectionsMax ?? connectionsMaxDefault, "connectionsMax"),
    responseBytesMax: positive(options.responseBytesMax ?? responseBytesMaxDefault, "responseBytesMax"),
  };
}

/** Checks a number of an option. @throws TypeError if it is not a whole number from 1 on */
export function positive(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`${name} must be a whole number from 1 on`);
  return value;
}

function signingOf(options: StreamkeeperClientOptions, endpoint: Endpoint): SigningOptions | undefined {
  const { credentials } = options;
  if (credentials === undefined) return undefined;
  const named = signingNamesOf(endpoint.hostname);
  const region = options.region ?? named?.region;
  if (region === undefined) throw new TypeError("credentials need a region: the endpoint does not name one");
  return { credentials, region, service: options.signingService ?? named?.service ?? "execute-api" };
}
