/** Who asks: by the connection, by AWS's signature, by a token, and by what the request's headers prove. */
import { ServiceError } from "../../shared/api/errors.ts";
import { authHeader, sessionHeader } from "../../shared/api/routes.ts";
import { aclTextCharsMax, authProofsMax, fetchWaitMsMax } from "../../shared/limits.ts";
import type { CallContext, SessionCredentials } from "../../shared/services/coordination.ts";
import type { Identity } from "../../shared/tree/acl.ts";
import { digestIdOf, identitiesOfDigest } from "./digest-identity.ts";
import type { Caller, RoutedRequest } from "./event.ts";
import { headerValue } from "./media-type.ts";

/** What the deployment decides of access. */
export interface AccessSettings {
  /** `user:base64(SHA-1(user:password))`: who proves to be this one may do everything, as with ZooKeeper's superDigest. */
  readonly superDigest?: string;
  /** Where clients connect for hints, relative to the API's address or in full; absent where there are none. */
  readonly pushUrl?: string;
}

/** @throws ServiceError AUTH_FAILED for a header that proves nothing */
export function callContext(routed: RoutedRequest, namespace: string, access: AccessSettings): CallContext {
  const session = sessionOf(routed);
  return { namespace, identities: identitiesOf(routed, access), ...(session === undefined ? {} : { session }) };
}

/**
 * The session that the path names, proven by the header.
 *
 * @throws ServiceError AUTH_FAILED
 */
export function ownSession(routed: RoutedRequest, sessionId: string): SessionCredentials {
  const session = sessionOf(routed);
  if (session?.sessionId === BigInt(sessionId)) return session;
  throw authFailed(`${sessionHeader} must name the session of the path`);
}

/** Who is at the other end, as far as the transport knows: a connection for hints is only its own. */
export function transportPrincipal({ userArn, subject }: Partial<Pick<Caller, "userArn" | "subject">>): string {
  if (userArn !== undefined) return `iam ${principalOf(userArn)}`;
  return subject === undefined ? "anyone" : `jwt ${subject}`;
}

/** What the transport lets a long poll wait. */
export function boundedWait(
  routed: RoutedRequest,
  askedMs: number,
): { readonly waitMs: number; readonly signal?: AbortSignal } {
  const waitMs = Math.min(askedMs, routed.waitMsMax, fetchWaitMsMax);
  // Making a signal costs something, and who does not wait needs none.
  return waitMs > 0 ? { waitMs, signal: routed.signal } : { waitMs };
}

function sessionOf({ headers }: RoutedRequest): SessionCredentials | undefined {
  const value = headerValue(headers, sessionHeader);
  if (value === undefined) return undefined;
  const match = /^(\d{1,19}):([A-Za-z0-9_-]{22})$/.exec(value);
  if (match === null) throw authFailed(`${sessionHeader} must be <session id>:<password>`);
  const [, sessionId = "", password = ""] = match;
  return { sessionId: BigInt(sessionId), password: new Uint8Array(Buffer.from(password, "base64url")) };
}

function identitiesOf({ headers, caller }: RoutedRequest, access: AccessSettings): readonly Identity[] {
  const identities: Identity[] = [];
  if (caller.sourceIp !== undefined) identities.push({ scheme: "ip", id: caller.sourceIp });
  const principal = caller.userArn === undefined ? undefined : principalOf(caller.userArn);
  if (principal !== undefined) identities.push({ scheme: "iam", id: principal });
  if (caller.subject !== undefined) identities.push({ scheme: "jwt", id: caller.subject });
  for (const id of digestsOf(headerValue(headers, authHeader))) {
    identities.push(...identitiesOfDigest(id, access.superDigest));
  }
  return identities;
}

/** A session of a role counts as the role: lists name principals that last. */
function principalOf(userArn: string): string {
  const session = /^arn:([a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(userArn);
  if (session === null) return userArn;
  const [, partition = "", account = "", role = ""] = session;
  return `arn:${partition}:iam::${account}:role/${role}`;
}

function digestsOf(header: string | undefined): readonly string[] {
  if (header === undefined || header === "") return [];
  const proofs = header.split(",");
  if (proofs.length > authProofsMax) throw authFailed(`${authHeader} may have ${authProofsMax} proofs`);
  return proofs.map((proof) => {
    const encoded = /^digest +([A-Za-z0-9+/_-]+={0,2})$/i.exec(proof.trim())?.[1];
    const credentials = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
    if (!credentials.includes(":")) throw authFailed(`${authHeader} must be digest <base64 of user:password>`);
    const id = digestIdOf(credentials);
    // `auth` in a list stands for it, so it must fit one.
    if (id.length > aclTextCharsMax) throw authFailed(`${authHeader} has a user of more characters than are allowed`);
    return id;
  });
}

function authFailed(message: string): ServiceError {
  return new ServiceError("AUTH_FAILED", message);
}
