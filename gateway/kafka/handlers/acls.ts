/** Access control lists, described, created and deleted (`AclApis`). */
import { kafkaAclsPerRequestMax } from "../../../shared/limits/kafka-security.ts";
import { failureOf } from "../error-codes.ts";
import type { Gateway, Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { createAcls, deleteAcls, describeAcls } from "../protocol/apis/acls.ts";
import type { AclBinding, ResourcePattern } from "../security/acl.ts";
import { bindingOf, matcherOf, type WireFilter, wireBinding } from "../security/acl-filter.ts";
import { aclPath } from "../security/acl-znodes.ts";
import { securityError } from "../security/security-errors.ts";

interface Failure {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

const disabled: Failure = {
  errorCode: securityError.SECURITY_DISABLED,
  errorMessage: "Access control lists are switched off (--kafka-acl)",
};
const none: Failure = { errorCode: securityError.NONE, errorMessage: null };

export const handleDescribeAcls: Handler<typeof describeAcls> = (request, { gateway }) => {
  const { security } = gateway;
  if (!security.hasAcls) return { throttleTimeMs: 0, ...disabled, resources: [] };
  const matches = matcherOf(request);
  if (typeof matches === "string") return { throttleTimeMs: 0, ...invalid(matches), resources: [] };
  const lists = byResource([...security.acls.bindings()].filter((binding) => matches(binding)));
  const resources = lists.map((bindings) => {
    const rows = bindings.map((binding) => wireBinding(binding));
    const [{ resourceType, resourceName, patternType } = { resourceType: 0, resourceName: "", patternType: 0 }] = rows;
    return { resourceType, resourceName, patternType, acls: rows };
  });
  return { throttleTimeMs: 0, ...none, resources };
};

export const handleCreateAcls: Handler<typeof createAcls> = async ({ creations }, { gateway }) => {
  const { security } = gateway;
  if (!security.hasAcls) return { throttleTimeMs: 0, results: creations.map(() => disabled) };
  if (creations.length > kafkaAclsPerRequestMax) return { throttleTimeMs: 0, results: creations.map(() => tooMany) };
  const parsed = creations.map(({ resourcePatternType: patternType, ...creation }) => {
    return bindingOf({ ...creation, patternType });
  });
  const added = new Map<string, Failure>();
  const bindings = parsed.filter((binding) => typeof binding !== "string");
  await inOrder(byResource(bindings), async (list) => {
    const [first] = list;
    if (first !== undefined) added.set(aclPath(first), await add(gateway, first, list));
  });
  const results = parsed.map((binding) => {
    return typeof binding === "string" ? invalid(binding) : (added.get(aclPath(binding)) ?? none);
  });
  return { throttleTimeMs: 0, results };
};

export const handleDeleteAcls: Handler<typeof deleteAcls> = async ({ filters }, { gateway }) => {
  const { security } = gateway;
  const refused = !security.hasAcls ? disabled : filters.length > kafkaAclsPerRequestMax ? tooMany : undefined;
  if (refused !== undefined) {
    return { throttleTimeMs: 0, filterResults: filters.map(() => ({ ...refused, matchingAcls: [] })) };
  }
  const filterResults = [];
  // One after the other: what one has deleted the next does not find.
  for (const filter of filters) filterResults.push(await deleteMatching(gateway, filter));
  return { throttleTimeMs: 0, filterResults };
};

const tooMany = invalid(`At most ${kafkaAclsPerRequestMax} at a time`);

async function add(
  { security, log }: Gateway,
  pattern: ResourcePattern,
  list: readonly AclBinding[],
): Promise<Failure> {
  try {
    return (await security.acls.add(pattern, list))
      ? none
      : invalid("The resource has too many access control entries");
  } catch (error) {
    return failureOf(error, log);
  }
}

async function deleteMatching({ security, log }: Gateway, filter: WireFilter) {
  const matches = matcherOf(filter);
  if (typeof matches === "string") return { ...invalid(matches), matchingAcls: [] };
  const lists = byResource([...security.acls.bindings()].filter((binding) => matches(binding)));
  const results = await inOrder(lists, async (list) => {
    const [pattern] = list;
    if (pattern === undefined) return [];
    try {
      const removed = await security.acls.remove(pattern, list);
      return removed.map((entry) => ({ ...none, ...wireBinding({ ...pattern, ...entry }) }));
    } catch (error) {
      const failure = failureOf(error, log);
      return list.map((binding) => ({ ...failure, ...wireBinding(binding) }));
    }
  });
  return { ...none, matchingAcls: results.flat() };
}

/** Rows of the same list together. */
function byResource(bindings: readonly AclBinding[]): readonly (readonly AclBinding[])[] {
  return [...Map.groupBy(bindings, (binding) => aclPath(binding)).values()];
}

function invalid(errorMessage: string): Failure {
  return { errorCode: securityError.INVALID_REQUEST, errorMessage };
}
