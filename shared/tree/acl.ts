/**
 * Access control lists, as ZooKeeper has them (`ZooDefs.Perms`, `ZooDefs.Ids`, `PrepRequestProcessor.fixupACL`,
 * `ZooKeeperServer.checkACL`), with the schemes `iam` and `jwt` beside its own.
 */
import { aclRowsMax, aclTextCharsMax } from "../limits.ts";
import { findAddressRangeProblem, isInAddressRange } from "./address-range.ts";

/** One row of an access control list. */
export interface Acl {
  /** READ 1, WRITE 2, CREATE 4, DELETE 8, ADMIN 16, added up. */
  readonly permissions: number;
  /** world, auth, digest, ip, iam, jwt. */
  readonly scheme: string;
  readonly id: string;
}

export type AclList = readonly Acl[];

/** Who asks, under one scheme: `digest` user:base64(SHA-1(user:password)), `ip` an address, `iam` an ARN, `jwt` a token's
 * subject, `super`. */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** `ZooDefs.Perms`. */
export const permission = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** Everyone may do everything: `OPEN_ACL_UNSAFE`. */
export const openAcl: AclList = [{ permissions: 31, scheme: "world", id: "anyone" }];
/** Everyone may read: `READ_ACL_UNSAFE`. */
const readAcl: AclList = [{ permissions: 1, scheme: "world", id: "anyone" }];

/** The lists of a tree that nobody has given others; znodes name a list by its index. */
export const initialAcls: readonly AclList[] = [openAcl, readAcl];
export const openAclIndex = 0;
export const readAclIndex = 1;

/**
 * Whether one of `permissions` is granted to one of `identities`.
 *
 * @param identities undefined for the service itself, which no list binds
 */
export function mayAccess(list: AclList, permissions: number, identities: readonly Identity[] | undefined): boolean {
  if (identities === undefined || identities.some(({ scheme }) => scheme === "super")) return true;
  return list.some(
    (row) =>
      (row.permissions & permissions) !== 0 &&
      (isAnyone(row) || identities.some((identity) => identity.scheme === row.scheme && matches(row, identity.id))),
  );
}

/** True for a list by which everyone may read: the common case, decided without looking at who asks. */
export function isReadByAll(list: AclList): boolean {
  return list.some((row) => (row.permissions & permission.read) !== 0 && isAnyone(row));
}

/** The list as it is kept: without repeated rows, `auth` replaced by who asks. Undefined if it is not valid. */
export function resolveAcl(list: AclList, identities: readonly Identity[] | undefined): AclList | undefined {
  const unique = list.filter((row, index) => list.findIndex((other) => sameRow(row, other)) === index);
  if (unique.length === 0 || unique.length > aclRowsMax) return undefined;
  const resolved: Acl[] = [];
  for (const row of unique) {
    const rows = resolveRow(row, identities ?? []);
    if (rows.length === 0) return undefined;
    resolved.push(...rows);
  }
  return resolved.length > aclRowsMax ? undefined : resolved;
}

/** Digests without their secret part, for who may read a list but not change it. */
export function maskedAcl(list: AclList): AclList {
  return list.map((row) => (row.scheme === "digest" ? { ...row, id: row.id.replace(/:.*/s, ":x") } : row));
}

/** Tells lists apart. */
export function aclKey(list: AclList): string {
  return JSON.stringify(list.map(({ permissions, scheme, id }) => [permissions, scheme, id]));
}

function isAnyone({ scheme, id }: Acl): boolean {
  return scheme === "world" && id === "anyone";
}

function matches({ scheme, id }: Acl, identityId: string): boolean {
  return scheme === "ip" ? isInAddressRange(identityId, id) : identityId === id;
}

function sameRow(one: Acl, other: Acl): boolean {
  return one.permissions === other.permissions && one.scheme === other.scheme && one.id === other.id;
}

/** Schemes under which a caller has proven who it is; an address proves nothing. */
const authenticatedSchemes: ReadonlySet<string> = new Set(["digest", "iam", "jwt"]);

/** None for a row that is not valid. */
function resolveRow(row: Acl, identities: readonly Identity[]): readonly Acl[] {
  if (row.scheme !== "auth") return isValidRow(row) ? [row] : [];
  return identities
    .filter(({ scheme }) => authenticatedSchemes.has(scheme))
    .map(({ scheme, id }) => ({ permissions: row.permissions, scheme, id }));
}

function isValidRow(row: Acl): boolean {
  const { scheme, id, permissions } = row;
  if (
    !Number.isInteger(permissions) ||
    permissions < 0 ||
    permissions > 0x7fff_ffff ||
    id.length > aclTextCharsMax ||
    !id.isWellFormed()
  )
    return false;
  switch (scheme) {
    case "world":
      return id === "anyone";
    case "digest":
      return /^[^:]*:[^:]+:*$/s.test(id);
    case "ip":
      return findAddressRangeProblem(id) === undefined;
    case "iam":
      return /^arn:[a-z-]+:iam::\d{12}:(?:root|(?:user|role)\/[\w+=,.@/-]+)$/.test(id);
    case "jwt":
      return id !== "";
    default:
      return false;
  }
}
