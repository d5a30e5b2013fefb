import type { SigningNames } from "./http-message.ts";

/** Where the service is, taken apart once. */
export interface Endpoint {
  readonly protocol: "http:" | "https:";
  readonly hostname: string;
  /** Absent where it is the protocol's own. */
  readonly port?: number;
  /** What stands before each path, such as an API's stage; without a slash at its end. */
  readonly basePath: string;
  /** Absent where requests are not signed. */
  readonly signing?: SigningNames;
}

/** Reads an endpoint's URL. @throws TypeError if it is not an http or https URL, or has a query, a fragment or a password */
export function parseEndpoint(text: string): Endpoint {
  const url = URL.parse(text);
  const protocol = url?.protocol;
  if (url === null || (protocol !== "http:" && protocol !== "https:")) {
    throw new TypeError(`the endpoint must be an http or https URL: ${text}`);
  }
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw new TypeError("the endpoint must have no query, fragment, user or password");
  }
  return {
    protocol,
    // node:http wants an IPv6 address without its brackets.
    hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    ...(url.port === "" ? {} : { port: Number(url.port) }),
    basePath: url.pathname.replace(/\/+$/, ""),
  };
}

/** Region and signing name that AWS writes into the host names of its endpoints. */
export function signingNamesOf(hostname: string): SigningNames | undefined {
  const match = /\.(execute-api|lambda-url)\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/.exec(hostname);
  const region = match?.[2];
  if (region === undefined) return undefined;
  return { region, service: match?.[1] === "execute-api" ? "execute-api" : "lambda" };
}
