/** One request, in the shape that `@smithy/signature-v4` signs. */
export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly protocol: "http:" | "https:";
  readonly hostname: string;
  readonly port?: number;
  /** Percent-encoded, begins with a slash, without a query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Names are lower-case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What its signature is for, where requests are signed. */
  readonly signing?: SigningNames;
}

/** For whom SigV4 signs. */
export interface SigningNames {
  readonly region: string;
  readonly service: "execute-api" | "lambda";
}

/** One answer with all of its body. */
export interface HttpResponse {
  readonly statusCode: number;
  /** Names are lower-case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Path and query as they are sent; encoded as SigV4 wants them (RFC 3986: a space is `%20`, never `+`). */
export function requestTarget(request: HttpRequest): string {
  const search = Object.entries(request.query)
    .map(([name, value]) => `${encodeUriPart(name)}=${encodeUriPart(value)}`)
    .join("&");
  return search === "" ? request.path : `${request.path}?${search}`;
}

/** Percent-encodes all but RFC 3986's unreserved characters, so that no value can end a path segment or a parameter. */
export function encodeUriPart(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
