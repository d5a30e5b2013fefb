/**
 * Kafka's access control lists in the znodes that Kafka keeps them in (`ZkAclStore`, `AclEntry.toJsonCompatibleMap`):
 *
 *     /kafka-acl/<ResourceType>/<name>                        of literal resources, `*` being all of the type
 *     /kafka-acl-extended/prefixed/<ResourceType>/<name>      of all whose name begins so
 *
 * each `{"version":1,"acls":[{"principal":"User:alice","permissionType":"Allow","operation":"Read","host":"*"}]}`.
 */
import { kafkaAclTextCharsMax } from "../../../shared/limits/kafka-security.ts";
import { literalAclsPath, prefixedAclsPath } from "../../../shared/topics/security-znodes.ts";
import { findNameProblem } from "../../../shared/tree/paths.ts";
import {
  type AclEntry,
  type AclOperation,
  operations,
  permissionTypes,
  type PermissionType,
  type ResourcePattern,
  type ResourceType,
  resourceTypes,
} from "./acl.ts";
import { parseJson } from "./entity-config.ts";

/** Where a resource's list stands. */
export function aclPath({ resourceType, patternType, name }: ResourcePattern): string {
  const root = patternType === "literal" ? literalAclsPath : prefixedAclsPath;
  return `${root}/${resourceType}/${name}`;
}

/** Whether a znode can have the name: Kafka's lists have no other place. */
export function isResourceName(name: string): boolean {
  return name.length <= kafkaAclTextCharsMax && findNameProblem(name) === undefined;
}

/** The resource whose list stands at a path; undefined for other paths. */
export function parseAclPath(path: string): ResourcePattern | undefined {
  const isLiteral = path.startsWith(`${literalAclsPath}/`);
  const root = isLiteral ? `${literalAclsPath}/` : `${prefixedAclsPath}/`;
  if (!path.startsWith(root)) return undefined;
  const [resourceType = "", name = "", ...more] = path.slice(root.length).split("/");
  if (name === "" || more.length > 0 || !Object.hasOwn(resourceTypes, resourceType)) return undefined;
  return { resourceType: resourceType as ResourceType, patternType: isLiteral ? "literal" : "prefixed", name };
}

export function encodeAcls(entries: readonly AclEntry[]): Uint8Array {
  const acls = entries.map(({ principal, permissionType, operation, host }) => {
    return { principal, permissionType, operation, host };
  });
  return Buffer.from(JSON.stringify({ version: 1, acls }));
}

/**
 * The list that was stored; its znode bounds it. Rows that are none are left out, but for those that deny: what is not understood of a denial
 * denies everything to whom it names.
 */
export function decodeAcls(data: Uint8Array | null | undefined): readonly AclEntry[] {
  const parsed = parseJson(data);
  if (typeof parsed !== "object" || parsed === null || !("acls" in parsed) || !Array.isArray(parsed.acls)) return [];
  const rows: readonly unknown[] = parsed.acls;
  return rows.flatMap((row) => {
    const entry = entryOf(row);
    return entry === undefined ? [] : [entry];
  });
}

function entryOf(row: unknown): AclEntry | undefined {
  if (typeof row !== "object" || row === null) return undefined;
  const { principal, permissionType, operation, host } = row as Partial<Record<string, unknown>>;
  if (typeof principal !== "string" || typeof host !== "string") return undefined;
  const permission = named(permissionTypes, permissionType);
  const known = named(operations, operation);
  if (permission === undefined) return undefined;
  if (known === undefined) {
    return permission === "Deny" ? { principal, host, operation: "All", permissionType: permission } : undefined;
  }
  return { principal, host, operation: known, permissionType: permission };
}

function named<Name extends AclOperation | PermissionType>(
  names: Readonly<Record<Name, number>>,
  name: unknown,
): Name | undefined {
  return typeof name === "string" && Object.hasOwn(names, name) ? (name as Name) : undefined;
}
