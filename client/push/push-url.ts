/** Where to connect for hints, and the proof of who does. */
import type { SignatureV4 } from "@smithy/signature-v4";

import type { Endpoint } from "../endpoint.ts";
import { encodeUriPart } from "../http-message.ts";
import { type AwsCredentials, type AwsCredentialsProvider, createSigner } from "../middleware/signing.ts";

/** Time between signing and connecting, s: a handshake, and clocks that differ. */
const signatureSeconds = 300;

/**
 * What an answer says of it, as a URL; undefined if it cannot be one, or would be less safe than the API itself.
 *
 * @param told relative to the endpoint, or in full
 */
export function pushUrlOf(told: string, { protocol, hostname, port, basePath }: Endpoint): string | undefined {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const origin = `${protocol}//${host}${port === undefined ? "" : `:${port}`}`;
  const url = URL.parse(told.startsWith("/") ? origin + basePath + told : told);
  if (url === null) return undefined;
  const isSafe = url.protocol === "wss:" || url.protocol === "https:";
  if (!isSafe && !(protocol === "http:" && (url.protocol === "ws:" || url.protocol === "http:"))) return undefined;
  return url.href.replace(/^http/, "ws");
}

/** Signs URLs (SigV4 in the query: a handshake of a browser's WebSocket has no headers of one's own). */
export function urlSigner(
  credentials: AwsCredentials | AwsCredentialsProvider,
  region: string,
  now: () => Date,
): (url: string) => Promise<string> {
  let signer: Promise<SignatureV4> | undefined;
  return async (text) => {
    const url = new URL(text);
    // The API that pushes is API Gateway's, also where requests go to function URLs.
    signer ??= createSigner(credentials, { region, service: "execute-api" }, now);
    const { query = {} } = await (
      await signer
    ).presign(
      {
        method: "GET",
        protocol: url.protocol,
        hostname: url.hostname,
        ...(url.port === "" ? {} : { port: Number(url.port) }),
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: { host: url.host },
      },
      { expiresIn: signatureSeconds, signingDate: now() },
    );
    const search = Object.entries(query).map(
      ([name, value]) => `${encodeUriPart(name)}=${encodeUriPart(String(value))}`,
    );
    return `${url.protocol}//${url.host}${url.pathname}?${search.join("&")}`;
  };
}
