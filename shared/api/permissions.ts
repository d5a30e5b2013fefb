/**
 * What a permission allows: an intent ("produce to these topics of that namespace") as operations of the route table, with
 * the names that they may be called for. The IAM policies (`infra/policies/`) and the check behind JWT authorization both
 * come from here.
 */
import { type OperationId, type Route, routes } from "./routes.ts";

/** A name, or with an asterisk at its end all names that begin so. What is `exact` or a `prefix` may hold asterisks itself. */
export type Names = string | { readonly exact: string } | { readonly prefix: string };

interface InNamespace {
  /** Never a pattern: a permission ends where its namespace ends. */
  readonly namespace: string;
}
interface OnTopic extends InNamespace {
  readonly topic: Names;
}
interface OnTopicAndGroup extends OnTopic {
  readonly group: Names;
}
interface OnPath extends InNamespace {
  /**
   * The znode of this path and all below it, for example `/app`; with an asterisk at its end all whose path begins so; `/`
   * is the whole tree.
   */
  readonly path: Names;
}

export type Permission =
  /** Append to topics, idempotently if need be. */
  | ({ readonly action: "produce" } & OnTopic)
  /** Read topics, without a group. */
  | ({ readonly action: "fetch" } & OnTopic)
  /** Read topics as members of groups, and commit offsets for those. */
  | ({ readonly action: "consume" } & OnTopicAndGroup)
  /** Acquire and acknowledge records of topics for share groups. */
  | ({ readonly action: "share" } & OnTopicAndGroup)
  /** Change, truncate and delete topics. */
  | ({ readonly action: "manage" } & OnTopic)
  /** Transactions with any transactional id; in one call they write to every topic and for every group of the namespace. */
  | ({ readonly action: "transact" } & InNamespace)
  /** Read, write and watch znodes, under sessions. */
  | ({ readonly action: "coordinate" } & OnPath)
  /** Read and watch znodes. */
  | ({ readonly action: "observe" } & OnPath)
  | ({ readonly action: "elect"; readonly election: Names } & InNamespace)
  | ({ readonly action: "lock"; readonly lock: Names } & InNamespace)
  /** Read everything in a namespace, and change nothing. */
  | ({ readonly action: "read" } & InNamespace)
  /** Everything inside a namespace. */
  | ({ readonly action: "admin" } & InNamespace)
  /** Create, list and delete namespaces; nothing inside them. */
  | { readonly action: "operate" };

/** Which values a parameter of a route's path may have. */
export type NamePattern =
  | { readonly kind: "exact"; readonly value: string }
  | { readonly kind: "prefix"; readonly value: string };

/** An operation, and what the parameters of its path must be; those that are not named may be anything. */
export interface Rule {
  readonly operation: OperationId;
  readonly names: Readonly<Record<string, NamePattern>>;
}

/** How the path of every route inside a namespace begins. */
export const namespacePrefix = "/v1/{namespace}/";

/** What is inside a namespace: every route whose path begins with it. */
export const namespaceOperations: readonly OperationId[] = (Object.entries(routes) as [OperationId, Route][])
  .filter(([, { path }]) => path.startsWith(namespacePrefix))
  .map(([id]) => id);
/** Some ask with POST: what they ask for is long, or they leave word of who wants to hear of more. */
const readsByPost: ReadonlySet<OperationId> = new Set([
  "multiRead",
  "multiReadBelow",
  "subscribeToPartition",
  "subscribeToRoot",
  "subscribeToZnode",
]);
const readOperations = namespaceOperations.filter((id) => routes[id].method === "GET" || readsByPost.has(id));

const topicReads = ["fetch", "subscribeToPartition", "listOffset", "describeTopic", "describePartitions"] as const;
const memberOperations = [
  "joinGroup",
  "heartbeatMember",
  "leaveGroup",
  "commitOffsets",
  "getGroupOffsets",
  "describeGroup",
] as const;
/** Whoever has a session proves it by its password. */
const sessionOperations = ["createSession", "describeSession", "heartbeat", "closeSession", "whoAmI"] as const;
const transactionOperations = [
  "createProducer",
  "writeAtomically",
  "listTransactions",
  "describeTransaction",
  "addPartitionsToTransaction",
  "addOffsetsToTransaction",
  "commitTransaction",
  "abortTransaction",
] as const;
const electionOperations = ["campaign", "resign", "proclaim", "describeElection", "observeElection"] as const;
const lockOperations = ["acquireLock", "releaseLock", "describeLock"] as const;
const pathReads = ["getZnode", "multiReadBelow", "getChangesBelow", "subscribeToZnode"] as const;
const pathWrites = ["setZnode", "deleteZnode", "multiBelow"] as const;
const rootReads = ["getRoot", "multiRead", "getChanges", "subscribeToRoot"] as const;

/**
 * Everything that a permission allows.
 *
 * @throws RangeError for a name that none can have
 */
export function rulesOf(permission: Permission): readonly Rule[] {
  if (permission.action === "operate") {
    return rules(["createNamespace", "listNamespaces", "deleteNamespace", "getHealth"], {});
  }
  const inNamespace = { namespace: { kind: "exact", value: checkedNamespace(permission.namespace) } } as const;
  switch (permission.action) {
    case "produce":
      return rules(["produce", "produceToPartition", "createTopicProducer", "describePartitions"], {
        ...inNamespace,
        topic: segment(permission.topic),
      });
    case "fetch":
      return rules(topicReads, { ...inNamespace, topic: segment(permission.topic) });
    case "consume":
      return [
        ...rules(topicReads, { ...inNamespace, topic: segment(permission.topic) }),
        ...rules(memberOperations, { ...inNamespace, group: segment(permission.group) }),
      ];
    case "share": {
      const names = { ...inNamespace, topic: segment(permission.topic), group: segment(permission.group) };
      const { namespace, group } = names;
      const isAnyTopic = names.topic.kind === "prefix" && names.topic.value === "";
      return [
        ...rules(["acquireTopicRecords", "acknowledgeTopicRecords"], names),
        ...(isAnyTopic ? rules(["acquireRecords", "acknowledgeRecords"], { namespace, group }) : []),
      ];
    }
    case "manage":
      return rules(["alterTopic", "deleteTopic", "truncate", "describePartitions"], {
        ...inNamespace,
        topic: segment(permission.topic),
      });
    case "transact":
      return rules(transactionOperations, inNamespace);
    case "coordinate":
      return [
        ...rules(sessionOperations, inNamespace),
        ...pathRules(permission.path, pathReads, inNamespace),
        ...pathRules(permission.path, pathWrites, inNamespace),
        ...createRules(permission.path, inNamespace),
        ...(permission.path === "/" ? rules([...rootReads, "setRoot", "multi"], inNamespace) : []),
      ];
    case "observe":
      return [
        ...rules(["whoAmI"], inNamespace),
        ...pathRules(permission.path, pathReads, inNamespace),
        ...(permission.path === "/" ? rules(rootReads, inNamespace) : []),
      ];
    case "elect":
      return [
        ...rules(sessionOperations, inNamespace),
        ...rules(electionOperations, { ...inNamespace, election: segment(permission.election) }),
      ];
    case "lock":
      return [
        ...rules(sessionOperations, inNamespace),
        ...rules(lockOperations, { ...inNamespace, lock: segment(permission.lock) }),
      ];
    case "read":
      return [...rules(readOperations, inNamespace), ...rules(["getHealth"], {})];
    case "admin":
      return [...rules(namespaceOperations, inNamespace), ...rules(["getHealth"], {})];
  }
}

/** Whether one of the rules lets an operation be called for what its path names. */
export function permits(
  allowed: readonly Rule[],
  operation: OperationId,
  params: Readonly<Record<string, string>>,
): boolean {
  return allowed.some(
    (rule) =>
      rule.operation === operation &&
      Object.entries(rule.names).every(([name, pattern]) => matchesName(pattern, params[name])),
  );
}

function matchesName({ kind, value }: NamePattern, name: string | undefined): boolean {
  if (name === undefined) return false;
  return kind === "exact" ? name === value : name.startsWith(value);
}

function rules(operations: readonly OperationId[], names: Rule["names"]): readonly Rule[] {
  return operations.map((operation) => ({ operation, names }));
}

/** At the path and below it, or wherever a path begins so. */
function pathRules(path: Names, operations: readonly OperationId[], inNamespace: Rule["names"]): readonly Rule[] {
  const { at, below } = pathPatterns(path);
  return [
    ...(at === undefined ? [] : rules(operations, { ...inNamespace, path: at })),
    ...rules(operations, below === undefined ? inNamespace : { ...inNamespace, path: below }),
  ];
}

/**
 * Only below the path: a sequential znode that is created at it stands beside it, as `/app0000000001` does beside `/app`, and
 * which mode a request asks for is not in its URL. A multi, which looks at that, can create the znode of the path itself.
 */
function createRules(path: Names, inNamespace: Rule["names"]): readonly Rule[] {
  const { below } = pathPatterns(path);
  return rules(["createZnode"], below === undefined ? inNamespace : { ...inNamespace, path: below });
}

/** Patterns of the parameter `path`, which has no first slash; no pattern stands for the whole tree. */
function pathPatterns(path: Names): { readonly at?: NamePattern; readonly below?: NamePattern } {
  if (path === "/") return {};
  const { kind, value: whole } = patternOf(path);
  const value = whole.slice(1);
  const names = value.split("/");
  // What a prefix ends with is the beginning of a name, and may be nothing.
  const full = kind === "prefix" ? names.slice(0, -1) : names;
  if (!whole.startsWith("/") || full.some((name) => name === "" || name === "." || name === "..")) {
    throw new RangeError(`not a znode's path, nor one with an asterisk at its end: ${whole}`);
  }
  if (kind === "prefix") return { below: { kind, value } };
  return { at: { kind, value }, below: { kind: "prefix", value: `${value}/` } };
}

/** Names are one segment of a path. @throws RangeError */
function segment(names: Names): NamePattern {
  const pattern = patternOf(names);
  const { kind, value } = pattern;
  const isName = kind === "prefix" || (value !== "" && value !== "." && value !== "..");
  if (!isName || value.includes("/")) throw new RangeError(`not a name, nor one with an asterisk at its end: ${value}`);
  return pattern;
}

/** @throws RangeError for half a character, which no URL can say */
function patternOf(names: Names): NamePattern {
  const isPrefix = typeof names === "string" ? names.endsWith("*") : "prefix" in names;
  const value = typeof names === "string" ? (isPrefix ? names.slice(0, -1) : names) : valueOf(names);
  if (!value.isWellFormed()) throw new RangeError("a name has half a character");
  return { kind: isPrefix ? "prefix" : "exact", value };
}

function valueOf(names: Exclude<Names, string>): string {
  return "exact" in names ? names.exact : names.prefix;
}

/** Stricter than need be is safe: `namespaces` would reach beyond every namespace, and an asterisk into all. */
function checkedNamespace(namespace: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(namespace) && namespace !== "namespaces") return namespace;
  throw new RangeError(`not a namespace's name, which is never a pattern: ${namespace}`);
}
