import { describe, expect, test } from "vitest";
import {
  type AclBinding,
  type AclOperation,
  operations,
  type PermissionType,
  type ResourceType,
} from "../../../../gateway/kafka/security/acl.ts";
import { AclIndex, type AclRules, type Requester } from "../../../../gateway/kafka/security/authorize.ts";

const rules: AclRules = { superUsers: new Set(["User:root"]), allowsWithoutAcl: false };
const alice: Requester = { principal: "User:alice", host: "10.0.0.1" };

interface Row extends Partial<AclBinding> {
  readonly operation: AclOperation;
}

function acl({ permissionType = "Allow", ...row }: Row): AclBinding {
  return {
    resourceType: "Topic",
    patternType: "literal",
    name: "orders",
    principal: "User:alice",
    host: "*",
    permissionType,
    ...row,
  };
}
const deny: PermissionType = "Deny";

function may(
  rows: readonly Row[],
  operation: AclOperation,
  name = "orders",
  type: ResourceType = "Topic",
  who = alice,
) {
  return new AclIndex(rows.map((row) => acl(row))).authorize(rules, who, operation, type, name);
}

describe("access control lists", () => {
  test("refuse what no list allows, unless that is allowed to everybody", () => {
    expect(may([], "Read")).toBe(false);
    const open = { ...rules, allowsWithoutAcl: true };
    expect(new AclIndex([]).authorize(open, alice, "Read", "Topic", "orders")).toBe(true);
    const others = new AclIndex([acl({ operation: "Read", principal: "User:bob" })]);
    expect(others.authorize(open, alice, "Read", "Topic", "orders")).toBe(false);
  });

  test("allow what they name to whom they name it, from where they name it", () => {
    const rows = [{ operation: "Read" as const }];
    expect(may(rows, "Read")).toBe(true);
    expect(may(rows, "Write")).toBe(false);
    expect(may(rows, "Read", "payments")).toBe(false);
    expect(may(rows, "Read", "orders", "Group")).toBe(false);
    expect(may(rows, "Read", "orders", "Topic", { ...alice, principal: "User:bob" })).toBe(false);
    const fromOneHost = [{ operation: "Read" as const, host: "10.0.0.1" }];
    expect(may(fromOneHost, "Read")).toBe(true);
    expect(may(fromOneHost, "Read", "orders", "Topic", { ...alice, host: "10.0.0.2" })).toBe(false);
    expect(may([{ operation: "Read", principal: "User:*" }], "Read")).toBe(true);
  });

  test("allow every resource of a type by an asterisk, and those that begin alike by a prefix", () => {
    expect(may([{ operation: "Read", name: "*" }], "Read", "anything")).toBe(true);
    const prefixed = [{ operation: "Read" as const, patternType: "prefixed" as const, name: "ord" }];
    expect(may(prefixed, "Read", "orders")).toBe(true);
    expect(may(prefixed, "Read", "ord")).toBe(true);
    expect(may(prefixed, "Read", "or")).toBe(false);
    expect(may([{ operation: "Read", patternType: "literal", name: "ord" }], "Read", "orders")).toBe(false);
  });

  test("refuse what is denied anywhere, however it is allowed", () => {
    const all = { operation: "All" as const };
    expect(may([all, { operation: "Read", permissionType: deny }], "Read")).toBe(false);
    expect(may([all, { operation: "All", permissionType: deny, name: "*" }], "Read")).toBe(false);
    expect(may([all, { operation: "Read", permissionType: deny, patternType: "prefixed", name: "o" }], "Read")).toBe(
      false,
    );
    expect(may([all, { operation: "Read", permissionType: deny, principal: "User:*" }], "Read")).toBe(false);
    expect(may([all, { operation: "Read", permissionType: deny }], "Write")).toBe(true);
    expect(may([all, { operation: "Read", permissionType: deny, principal: "User:bob" }], "Read")).toBe(true);
  });

  test.each([
    ["Describe", ["Read", "Write", "Delete", "Alter", "Describe", "All"]],
    ["DescribeConfigs", ["AlterConfigs", "DescribeConfigs", "All"]],
    ["Read", ["Read", "All"]],
  ] as const)("imply %s by %j and by nothing else", (wanted, impliers) => {
    for (const operation of Object.keys(operations) as AclOperation[]) {
      expect(may([{ operation }], wanted), operation).toBe((impliers as readonly string[]).includes(operation));
    }
  });

  test("do not deny Read where Describe is denied, nor Describe where Read is", () => {
    const all = { operation: "All" as const };
    expect(may([all, { operation: "Describe", permissionType: deny }], "Read")).toBe(true);
    expect(may([all, { operation: "Read", permissionType: deny }], "Describe")).toBe(true);
  });

  test("do not bind super users", () => {
    const root = { principal: "User:root", host: "10.0.0.1" };
    expect(
      may([{ operation: "All", permissionType: deny, principal: "User:*" }], "Read", "orders", "Topic", root),
    ).toBe(true);
  });
});

describe("asking for any resource of a type", () => {
  function any(rows: readonly Row[], isOpen = false): boolean {
    const index = new AclIndex(rows.map((row) => acl(row)));
    return index.authorizeAny({ ...rules, allowsWithoutAcl: isOpen }, alice, "Write", "Topic");
  }

  test("finds one that is allowed and not denied as a whole", () => {
    expect(any([])).toBe(false);
    expect(any([], true)).toBe(true);
    expect(any([{ operation: "Write" }])).toBe(true);
    expect(any([{ operation: "Read" }])).toBe(false);
    expect(any([{ operation: "Write" }, { operation: "Write", permissionType: deny }])).toBe(false);
    expect(any([{ operation: "Write" }, { operation: "Write", permissionType: deny, name: "*" }], true)).toBe(false);
    const prefix = { patternType: "prefixed" as const, permissionType: deny };
    expect(any([{ operation: "Write" }, { operation: "Write", ...prefix, name: "ord" }])).toBe(false);
    expect(any([{ operation: "Write" }, { operation: "Write", ...prefix, name: "orders-" }])).toBe(true);
    expect(
      any([
        { operation: "Write", name: "*" },
        { operation: "Write", ...prefix, name: "ord" },
      ]),
    ).toBe(true);
  });
});

test("all resources of a type are allowed by a list of all, without a denial of any, and where there is no list", () => {
  const all = (rows: readonly Row[], isOpen = false): boolean => {
    const index = new AclIndex(rows.map((row) => acl(row)));
    return index.authorizeAll({ ...rules, allowsWithoutAcl: isOpen }, alice, "Describe", "Topic");
  };
  const everyTopic = { operation: "Read" as const, name: "*" };
  expect(all([])).toBe(false);
  expect(all([], true)).toBe(true);
  expect(all([everyTopic])).toBe(true);
  expect(all([{ operation: "Describe", name: "", patternType: "prefixed" }])).toBe(true);
  for (const row of [
    { operation: "Read" as const },
    { ...everyTopic, patternType: "prefixed" as const },
    { ...everyTopic, principal: "User:bob" },
    { ...everyTopic, host: "10.0.0.2" },
    { ...everyTopic, resourceType: "Group" as const },
    { ...everyTopic, operation: "Create" as const },
  ]) {
    expect(all([row]), JSON.stringify(row)).toBe(false);
  }
  expect(all([{ operation: "Read", principal: "User:bob" }], true)).toBe(false);
  for (const operation of ["Describe", "All"] as const) {
    expect(all([everyTopic, { operation, permissionType: deny, name: "secrets" }])).toBe(false);
    expect(all([everyTopic, { operation, permissionType: deny, name: "s", patternType: "prefixed" }])).toBe(false);
  }
  expect(all([everyTopic, { operation: "Describe", permissionType: deny, principal: "User:bob" }])).toBe(true);
  expect(all([everyTopic, { operation: "Write", permissionType: deny }])).toBe(true);
});
