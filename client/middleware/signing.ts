/** AWS Signature Version 4, for an endpoint behind IAM (API Gateway: `execute-api`; a function URL: `lambda`). */
import { createHash, createHmac } from "node:crypto";
import type { Hash, Hmac } from "node:crypto";

import type { SignatureV4 } from "@smithy/signature-v4";

import type { SigningNames } from "../http-message.ts";
import type { Handler, Middleware } from "../middleware-stack.ts";
import { withHeaders } from "./request-headers.ts";

/** As the AWS SDK has them. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Absent: they do not expire. */
  readonly expiration?: Date;
}

/** For example one of `@aws-sdk/credential-providers`; called again when what it gave is about to expire. */
export type AwsCredentialsProvider = () => Promise<AwsCredentials>;

/** Credentials are fetched anew this long before they expire, so that none expires on the way. */
const credentialsRefreshMs = 300_000;

/** Signs each attempt anew, because a signature is only valid for some minutes; what names no region and service is not signed. */
export function signingMiddleware(credentials: AwsCredentials | AwsCredentialsProvider, now: () => Date): Middleware {
  let signer: Promise<SignatureV4> | undefined;
  return <Input extends object, Output extends object>(next: Handler<Input, Output>): Handler<Input, Output> =>
    async (handlerArguments) => {
      const { request } = handlerArguments;
      if (request?.signing === undefined) return next(handlerArguments);
      const { signing, ...unsigned } = request;
      signer ??= createSigner(credentials, signing, now);
      const signed = await (
        await signer
      ).sign(
        { ...unsigned, query: { ...request.query }, headers: { ...request.headers } },
        { signingDate: now(), signingRegion: signing.region, signingService: signing.service },
      );
      return next({ ...handlerArguments, request: withHeaders(request, signed.headers) });
    };
}

/** Loaded when it is first needed: most of what a client loads is the signer, and on a laptop nothing is signed. */
export async function createSigner(
  credentials: AwsCredentials | AwsCredentialsProvider,
  { region, service }: SigningNames,
  now: () => Date,
): Promise<SignatureV4> {
  const { SignatureV4 } = await import("@smithy/signature-v4");
  return new SignatureV4({
    credentials: cachedCredentials(credentials, now),
    region,
    service,
    sha256: NodeSha256,
  });
}

function cachedCredentials(
  credentials: AwsCredentials | AwsCredentialsProvider,
  now: () => Date,
): AwsCredentialsProvider {
  if (typeof credentials !== "function") return () => Promise.resolve(credentials);
  let known: AwsCredentials | undefined;
  let pending: Promise<AwsCredentials> | undefined;
  const refresh = async (): Promise<AwsCredentials> => {
    try {
      known = await credentials();
      return known;
    } finally {
      pending = undefined;
    }
  };
  return () => {
    const expiresAtMs = known?.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    if (known !== undefined && now().getTime() < expiresAtMs - credentialsRefreshMs) return Promise.resolve(known);
    pending ??= refresh();
    return pending;
  };
}

/** SHA-256 and its HMAC by OpenSSL, as the signer wants them. */
class NodeSha256 {
  readonly #secret: Uint8Array | string | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret === undefined || typeof secret === "string" ? secret : bytesOf(secret);
    this.#hash = this.#begin();
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    this.#hash = this.#begin();
  }

  #begin(): Hash | Hmac {
    return this.#secret === undefined ? createHash("sha256") : createHmac("sha256", this.#secret);
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
