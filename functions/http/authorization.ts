/**
 * Who may do what, where the API takes tokens: API Gateway has checked the token, and its claims say what its bearer may do.
 * Behind IAM nothing is left to check here but that the URL can be read in one way only: see `authorized-path.ts`.
 */
import { authorizationErrorOf } from "../../shared/api/authorization-errors.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { parsePermission } from "../../shared/api/permission-text.ts";
import { permits, type Rule, rulesOf } from "../../shared/api/permissions.ts";
import type { OperationId } from "../../shared/api/routes.ts";
import { aclTextCharsMax } from "../../shared/limits.ts";
import { tokenPermissionsMax } from "../../shared/limits/authorization.ts";
import type { HttpEvent } from "./event.ts";

/** What the deployment lets decide who may call what: `gateway` has done it before a function is called. */
export type Authorization = { readonly kind: "gateway" } | { readonly kind: "jwt"; readonly claim: string };

/** The claim that permissions stand in where the deployment names no other; they may also stand in `scope`. */
const permissionClaimDefault = "streamkeeper";

/**
 * By the environment alone: what a request brings with it never decides how it is checked.
 *
 * @throws Error for a setting that is not known, so that a function with a misspelt one serves nobody
 */
export function authorizationFromEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Authorization {
  const kind = environment["STREAMKEEPER_AUTHORIZATION"] ?? "";
  if (kind === "" || kind === "iam") return { kind: "gateway" };
  const claim = environment["STREAMKEEPER_PERMISSION_CLAIM"] ?? "";
  if (kind === "jwt") return { kind: "jwt", claim: claim === "" ? permissionClaimDefault : claim };
  throw new Error(`STREAMKEEPER_AUTHORIZATION is iam or jwt, not ${kind}`);
}

/**
 * The subject of the token, once it is clear that its claims allow the operation for what the path names.
 *
 * @throws ServiceError AUTH_FAILED where no token was checked | the operation's own error where the claims do not allow it
 */
export function authorizeByToken(
  event: HttpEvent,
  operation: OperationId,
  params: Readonly<Record<string, string>>,
  claim: string,
): string {
  const claims = event.requestContext.authorizer?.jwt?.claims;
  const subject = claims?.["sub"];
  if (claims === undefined || typeof subject !== "string" || subject === "" || subject.length > aclTextCharsMax) {
    throw new ServiceError("AUTH_FAILED", "The request has no token with a subject");
  }
  if (permits(rulesOfClaims(claims, claim), operation, params)) return subject;
  throw new ServiceError(authorizationErrorOf(operation), "The token's permissions do not allow this");
}

function rulesOfClaims(claims: Readonly<Record<string, unknown>>, claim: string): readonly Rule[] {
  const texts = [...wordsOf(claims[claim]), ...wordsOf(claims["scope"])];
  return texts.slice(0, tokenPermissionsMax).flatMap(rulesOfText);
}

/** What names nothing that there can be allows nothing. */
function rulesOfText(text: string): readonly Rule[] {
  const permission = parsePermission(text);
  if (permission === undefined) return [];
  try {
    return rulesOf(permission);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

/** API Gateway hands over every claim as text, and a list as its members in brackets with spaces between them. */
function wordsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((word) => typeof word === "string");
  if (typeof value !== "string") return [];
  return value
    .replace(/^\[(.*)\]$/s, "$1")
    .split(/[\s,]+/)
    .filter((word) => word !== "");
}
