/**
 * Kafka's access control lists: who may do what with which resource from where (`AclBinding`, `ResourcePattern`), by the
 * names that Kafka's znodes have and the numbers that its requests have.
 */

import type { aclResourceTypes } from "../../../shared/topics/security-znodes.ts";

/** Numbers of `ResourceType`. */
export const resourceTypes = {
  Topic: 2,
  Group: 3,
  Cluster: 4,
  TransactionalId: 5,
  DelegationToken: 6,
  User: 7,
} as const satisfies Record<(typeof aclResourceTypes)[number], number>;
export type ResourceType = keyof typeof resourceTypes;

/** Numbers of `AclOperation`. */
export const operations = {
  All: 2,
  Read: 3,
  Write: 4,
  Create: 5,
  Delete: 6,
  Alter: 7,
  Describe: 8,
  ClusterAction: 9,
  DescribeConfigs: 10,
  AlterConfigs: 11,
  IdempotentWrite: 12,
  CreateTokens: 13,
  DescribeTokens: 14,
  TwoPhaseCommit: 15,
} as const;
export type AclOperation = keyof typeof operations;

/** Numbers of `AclPermissionType`. */
export const permissionTypes = { Deny: 2, Allow: 3 } as const;
export type PermissionType = keyof typeof permissionTypes;

/** Numbers of `PatternType`, of resources that a list can be of. */
export const patternTypes = { literal: 3, prefixed: 4 } as const;
export type PatternType = keyof typeof patternTypes;

/** The name of the one resource of type Cluster. */
export const clusterName = "kafka-cluster";
/** As a literal resource: every resource of its type. */
export const anyResource = "*";
export const anyPrincipal = "User:*";
export const anyHost = "*";

export interface ResourcePattern {
  readonly resourceType: ResourceType;
  readonly patternType: PatternType;
  readonly name: string;
}

export interface AclEntry {
  /** Such as `User:alice`. */
  readonly principal: string;
  /** An address, or `*`. */
  readonly host: string;
  readonly operation: AclOperation;
  readonly permissionType: PermissionType;
}

export type AclBinding = ResourcePattern & AclEntry;

/** The operations that a resource of the type knows (`AclEntry.supportedOperations`); All is allowed for each. */
export const supportedOperations: Readonly<Record<ResourceType, readonly AclOperation[]>> = {
  Topic: ["Read", "Write", "Create", "Describe", "Delete", "Alter", "DescribeConfigs", "AlterConfigs"],
  Group: ["Read", "Describe", "Delete", "DescribeConfigs", "AlterConfigs"],
  Cluster: ["Create", "ClusterAction", "DescribeConfigs", "AlterConfigs", "IdempotentWrite", "Alter", "Describe"],
  TransactionalId: ["Describe", "Write", "TwoPhaseCommit"],
  DelegationToken: ["Describe"],
  User: ["CreateTokens", "DescribeTokens"],
};

export function isSameEntry(one: AclEntry, other: AclEntry): boolean {
  return (
    one.principal === other.principal &&
    one.host === other.host &&
    one.operation === other.operation &&
    one.permissionType === other.permissionType
  );
}

/** The name that has a number; undefined for a number that none has. */
export function nameOfNumber<Name extends string>(
  names: Readonly<Record<Name, number>>,
  number: number,
): Name | undefined {
  return (Object.keys(names) as Name[]).find((name) => names[name] === number);
}
