/**
 * Whether access control lists allow something (Kafka's `AclAuthorizer` and `StandardAuthorizer`): a denial wins; what is not
 * allowed is refused; Read, Write, Delete and Alter imply Describe, and AlterConfigs implies DescribeConfigs.
 */
import {
  type AclBinding,
  type AclEntry,
  type AclOperation,
  anyHost,
  anyPrincipal,
  anyResource,
  type ResourceType,
} from "./acl.ts";

/** Who asks, from where. */
export interface Requester {
  /** Such as `User:alice`, or `User:ANONYMOUS` without authentication. */
  readonly principal: string;
  readonly host: string;
}

export interface AclRules {
  /** May do everything, whatever the lists say. */
  readonly superUsers: ReadonlySet<string>;
  /** Kafka's `allow.everyone.if.no.acl.found`: what no list is about is allowed to everybody. */
  readonly allowsWithoutAcl: boolean;
}

const impliers: Readonly<Partial<Record<AclOperation, readonly AclOperation[]>>> = {
  Describe: ["Read", "Write", "Delete", "Alter"],
  DescribeConfigs: ["AlterConfigs"],
};

/** Lists by what they are of, for quick answers. */
export class AclIndex {
  readonly #literal = new Map<string, AclEntry[]>();
  readonly #prefixed = new Map<string, AclEntry[]>();

  constructor(bindings: Iterable<AclBinding>) {
    for (const { resourceType, patternType, name, ...entry } of bindings) {
      const lists = patternType === "literal" ? this.#literal : this.#prefixed;
      const key = keyOf(resourceType, name);
      const list = lists.get(key);
      if (list === undefined) lists.set(key, [entry]);
      else list.push(entry);
    }
  }

  authorize(
    rules: AclRules,
    requester: Requester,
    operation: AclOperation,
    resourceType: ResourceType,
    name: string,
  ): boolean {
    if (rules.superUsers.has(requester.principal)) return true;
    let found = false;
    let allowed = false;
    for (const list of this.#listsOf(resourceType, name)) {
      found ||= list.length > 0;
      for (const entry of list) {
        if (!concerns(entry, requester)) continue;
        if (entry.permissionType === "Deny") {
          if (entry.operation === operation || entry.operation === "All") return false;
        } else if (allows(entry.operation, operation)) {
          allowed = true;
        }
      }
    }
    return allowed || (!found && rules.allowsWithoutAcl);
  }

  /** Whether there may be any resource of the type for which the operation is allowed (`authorizeByResourceType`). */
  authorizeAny(rules: AclRules, requester: Requester, operation: AclOperation, resourceType: ResourceType): boolean {
    if (rules.superUsers.has(requester.principal)) return true;
    const lists = [...this.#listsOfType(resourceType)];
    const denials = lists.filter(({ entry }) => {
      const isDenial = entry.permissionType === "Deny" && concerns(entry, requester);
      return isDenial && (entry.operation === operation || entry.operation === "All");
    });
    const deniesAll = denials.some(({ name, isPrefix }) => (isPrefix ? name === "" : name === anyResource));
    if (deniesAll) return false;
    if (rules.allowsWithoutAcl) return true;
    return lists.some(({ name, isPrefix, entry }) => {
      const isGrant = entry.permissionType === "Allow" && concerns(entry, requester);
      return (
        isGrant && allows(entry.operation, operation) && !denials.some((denial) => covers(denial, { name, isPrefix }))
      );
    });
  }

  /** Whether the operation is allowed with every resource of the type, whatever ones there may come to be. */
  authorizeAll(rules: AclRules, requester: Requester, operation: AclOperation, resourceType: ResourceType): boolean {
    if (rules.superUsers.has(requester.principal)) return true;
    const rows = [...this.#listsOfType(resourceType)];
    const isDenied = rows.some(({ entry }) => {
      const isDenial = entry.permissionType === "Deny" && concerns(entry, requester);
      return isDenial && (entry.operation === operation || entry.operation === "All");
    });
    if (isDenied) return false;
    // What a list is about is not everybody's any more.
    if (rows.length === 0) return rules.allowsWithoutAcl;
    return rows.some(({ name, isPrefix, entry }) => {
      const isOfAll = isPrefix ? name === "" : name === anyResource;
      return (
        isOfAll && entry.permissionType === "Allow" && concerns(entry, requester) && allows(entry.operation, operation)
      );
    });
  }

  *#listsOf(resourceType: ResourceType, name: string): Iterable<readonly AclEntry[]> {
    const own = this.#literal.get(keyOf(resourceType, name));
    if (own !== undefined) yield own;
    const all = name === anyResource ? undefined : this.#literal.get(keyOf(resourceType, anyResource));
    if (all !== undefined) yield all;
    if (this.#prefixed.size === 0) return;
    for (let length = 0; length <= name.length; length += 1) {
      const list = this.#prefixed.get(keyOf(resourceType, name.slice(0, length)));
      if (list !== undefined) yield list;
    }
  }

  *#listsOfType(
    resourceType: ResourceType,
  ): Iterable<{ readonly name: string; readonly isPrefix: boolean; readonly entry: AclEntry }> {
    const begin = keyOf(resourceType, "");
    for (const [lists, isPrefix] of [[this.#literal, false] as const, [this.#prefixed, true] as const]) {
      for (const [key, list] of lists) {
        if (!key.startsWith(begin)) continue;
        for (const entry of list) yield { name: key.slice(begin.length), isPrefix, entry };
      }
    }
  }
}

/** Whether a denial leaves nothing of what was granted. */
function covers(
  denial: { readonly name: string; readonly isPrefix: boolean },
  grant: { readonly name: string; readonly isPrefix: boolean },
): boolean {
  if (denial.isPrefix) return grant.name.startsWith(denial.name) && (grant.isPrefix || grant.name !== anyResource);
  return !grant.isPrefix && denial.name === grant.name;
}

function concerns({ principal, host }: AclEntry, requester: Requester): boolean {
  const isPrincipal = principal === requester.principal || principal === anyPrincipal;
  return isPrincipal && (host === anyHost || host === requester.host);
}

function allows(granted: AclOperation, wanted: AclOperation): boolean {
  return granted === "All" || granted === wanted || impliers[wanted]?.includes(granted) === true;
}

/** No type's name holds a colon. */
function keyOf(resourceType: ResourceType, name: string): string {
  return `${resourceType}:${name}`;
}
