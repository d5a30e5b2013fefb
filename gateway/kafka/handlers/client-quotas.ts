/** Quotas, described and changed (KIP-546, `ClientQuotaControlManager`). Only what is enforced can be set. */
import { userNameCharsMax } from "../../../shared/limits/kafka-security.ts";
import { failureOf } from "../error-codes.ts";
import type { Handler } from "../handler.ts";
import { inOrder } from "../in-order.ts";
import type { RequestOf } from "../protocol/api.ts";
import type { alterClientQuotas, describeClientQuotas } from "../protocol/apis/client-quotas.ts";
import type { QuotaEntity } from "../security/entity-config.ts";
import { isQuota, type QuotaChange, quotaKeys } from "../security/quotas.ts";
import { securityError } from "../security/security-errors.ts";

const none = { errorCode: securityError.NONE, errorMessage: null };
const entityTypes = { user: "user", clientId: "client-id" } as const;
type EntityPart = keyof typeof entityTypes;
const parts = Object.keys(entityTypes) as readonly EntityPart[];

type Component = RequestOf<typeof describeClientQuotas>["components"][number];

export const handleDescribeClientQuotas: Handler<typeof describeClientQuotas> = async (request, { gateway }) => {
  const { components, strict } = request;
  const problem = problemOf(components);
  if (problem !== undefined) return { throttleTimeMs: 0, ...invalid(problem), entries: null };
  try {
    const quotas = await gateway.security.quotasInForce();
    const entries = quotas.all().flatMap(({ entity, values }) => {
      if (!matches(entity, components, strict)) return [];
      const pairs = Object.entries(values).map(([key, value]) => ({ key, value }));
      return [{ entity: wireEntity(entity), values: pairs }];
    });
    return { throttleTimeMs: 0, ...none, entries };
  } catch (error) {
    return { throttleTimeMs: 0, ...failureOf(error, gateway.log), entries: null };
  }
};

export const handleAlterClientQuotas: Handler<typeof alterClientQuotas> = async (request, { gateway }) => {
  const entries = await inOrder(request.entries, async ({ entity, ops }) => {
    const parsed = entityOf(entity);
    const change = changeOf(ops);
    if (typeof parsed === "string") return { ...invalid(parsed), entity };
    if (typeof change === "string") return { ...invalid(change), entity };
    try {
      const quotas = await gateway.security.quotasInForce();
      if (!request.validateOnly) await quotas.change(parsed, change);
      return { ...none, entity };
    } catch (error) {
      return { ...failureOf(error, gateway.log), entity };
    }
  });
  return { throttleTimeMs: 0, entries };
};

const matchType = { exact: 0, default: 1, any: 2 } as const;

function problemOf(components: readonly Component[]): string | undefined {
  const types = components.map(({ entityType }) => entityType);
  if (new Set(types).size !== types.length) return "An entity type is there twice";
  const unknown = types.find((type) => !parts.some((part) => entityTypes[part] === type));
  if (unknown !== undefined) return unenforcedEntity(unknown);
  const bad = components.find(({ matchType: type, match }) => {
    return type < matchType.exact || type > matchType.any || (type === matchType.exact) !== (match !== null);
  });
  return bad === undefined
    ? undefined
    : "A match is of an unknown type, or its name is missing, or it has one too many";
}

/** `strict`: of the types that are named, and no others. */
function matches(entity: QuotaEntity, components: readonly Component[], strict: boolean): boolean {
  return parts.every((part) => {
    const name = entity[part];
    const component = components.find(({ entityType }) => entityType === entityTypes[part]);
    if (component === undefined) return !strict || name === undefined;
    if (name === undefined) return false;
    if (component.matchType === matchType.any) return true;
    return component.matchType === matchType.default ? name === null : name === component.match;
  });
}

function entityOf(
  named: readonly { readonly entityType: string; readonly entityName: string | null }[],
): QuotaEntity | string {
  const entity: { user?: string | null; clientId?: string | null } = {};
  for (const { entityType, entityName } of named) {
    const part = parts.find((one) => entityTypes[one] === entityType);
    if (part === undefined) return unenforcedEntity(entityType);
    if (part in entity) return "An entity type is there twice";
    if (entityName !== null && !isName(entityName)) return `A name has 1 to ${userNameCharsMax} characters`;
    entity[part] = entityName;
  }
  return named.length === 0 ? "There is no entity" : entity;
}

function changeOf(
  ops: readonly { readonly key: string; readonly value: number; readonly remove: boolean }[],
): QuotaChange | string {
  const change = new Map<(typeof quotaKeys)[number], number | null>();
  for (const { key, value, remove } of ops) {
    const known = quotaKeys.find((one) => one === key);
    if (known === undefined) return `${key} is not enforced here; only ${quotaKeys.join(" and ")} are`;
    if (!remove && !isQuota(value)) return `${key} must be at least 1 byte a second`;
    change.set(known, remove ? null : value);
  }
  return change;
}

function wireEntity(entity: QuotaEntity) {
  return parts.flatMap((part) => {
    const entityName = entity[part];
    return entityName === undefined ? [] : [{ entityType: entityTypes[part], entityName }];
  });
}

function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && name.length <= userNameCharsMax && name.isWellFormed();
}

function unenforcedEntity(type: string): string {
  return `Quotas of ${type.slice(0, 100)} are not enforced here; only those of user and client-id are`;
}

function invalid(errorMessage: string) {
  return { errorCode: securityError.INVALID_REQUEST, errorMessage };
}
