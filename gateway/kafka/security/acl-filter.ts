/** What requests say of access control lists, and which rows they mean (`AclBinding`, `AclBindingFilter`). */
import { kafkaAclTextCharsMax } from "../../../shared/limits/kafka-security.ts";
import {
  type AclBinding,
  anyResource,
  clusterName,
  nameOfNumber,
  operations,
  patternTypes,
  permissionTypes,
  resourceTypes,
  supportedOperations,
} from "./acl.ts";
import { isResourceName } from "./acl-znodes.ts";

/** As in a request: numbers, and nulls for anything. */
export interface WireFilter {
  readonly resourceTypeFilter: number;
  readonly resourceNameFilter: string | null;
  readonly patternTypeFilter: number;
  readonly principalFilter: string | null;
  readonly hostFilter: string | null;
  readonly operation: number;
  readonly permissionType: number;
}

export interface WireBinding {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly patternType: number;
  readonly principal: string;
  readonly host: string;
  readonly operation: number;
  readonly permissionType: number;
}

/** The number that stands for anything, in every field of a filter. */
const any = 1;
/** Lists that concern a resource of the name, whatever their pattern. */
const matching = 2;

/** A row as a request names it, or what is wrong with it. */
export function bindingOf(wire: WireBinding): AclBinding | string {
  const resourceType = nameOfNumber(resourceTypes, wire.resourceType);
  const patternType = nameOfNumber(patternTypes, wire.patternType);
  const operation = nameOfNumber(operations, wire.operation);
  const permissionType = nameOfNumber(permissionTypes, wire.permissionType);
  if (resourceType === undefined) return "Unknown resource type";
  if (patternType === undefined) return "The pattern type must be LITERAL or PREFIXED";
  if (operation === undefined) return "Unknown operation";
  if (permissionType === undefined) return "The permission type must be ALLOW or DENY";
  const { principal, host, resourceName: name } = wire;
  if (operation !== "All" && !supportedOperations[resourceType].includes(operation)) {
    return `${resourceType} has no operation ${operation}`;
  }
  if (resourceType === "Cluster" && name !== clusterName) return `The only cluster is ${clusterName}`;
  if (!isResourceName(name))
    return "The resource's name is empty, too long, or has characters that no znode's name has";
  if (!/^[A-Za-z]+:./s.test(principal) || !isText(principal))
    return "A principal is a type and a name, as in User:alice";
  return host !== "" && isText(host)
    ? { resourceType, patternType, name, principal, host, operation, permissionType }
    : "Bad host";
}

/** Which rows a filter means, or what is wrong with it. */
export function matcherOf(filter: WireFilter): ((binding: AclBinding) => boolean) | string {
  const { resourceNameFilter: name, principalFilter: principal, hostFilter: host } = filter;
  const resourceType = wanted(resourceTypes, filter.resourceTypeFilter);
  const operation = wanted(operations, filter.operation);
  const permissionType = wanted(permissionTypes, filter.permissionType);
  const isPattern = patternMatcher(filter.patternTypeFilter, name);
  if (
    resourceType === undefined ||
    operation === undefined ||
    permissionType === undefined ||
    isPattern === undefined
  ) {
    return "The filter has a type that nobody knows";
  }
  return (binding) =>
    (resourceType === any || binding.resourceType === resourceType) &&
    (operation === any || binding.operation === operation) &&
    (permissionType === any || binding.permissionType === permissionType) &&
    (principal === null || binding.principal === principal) &&
    (host === null || binding.host === host) &&
    isPattern(binding);
}

/** As a response tells of a row. */
export function wireBinding(binding: AclBinding): WireBinding {
  return {
    resourceType: resourceTypes[binding.resourceType],
    resourceName: binding.name,
    patternType: patternTypes[binding.patternType],
    principal: binding.principal,
    host: binding.host,
    operation: operations[binding.operation],
    permissionType: permissionTypes[binding.permissionType],
  };
}

function patternMatcher(type: number, name: string | null): ((binding: AclBinding) => boolean) | undefined {
  const isNamed = (binding: AclBinding): boolean => name === null || binding.name === name;
  if (type === any) return isNamed;
  if (type === matching) {
    return (binding) => {
      if (name === null || binding.name === name) return true;
      return binding.patternType === "prefixed" ? name.startsWith(binding.name) : binding.name === anyResource;
    };
  }
  const patternType = nameOfNumber(patternTypes, type);
  return patternType && ((binding) => binding.patternType === patternType && isNamed(binding));
}

function wanted<Name extends string>(
  names: Readonly<Record<Name, number>>,
  number: number,
): Name | typeof any | undefined {
  return number === any ? any : nameOfNumber(names, number);
}

function isText(text: string): boolean {
  return text.length <= kafkaAclTextCharsMax && text.isWellFormed();
}
