/** Functions whose names say that they read or check, and why no target calls them by themselves. */
const groups: readonly { readonly reason: string; readonly functions: readonly string[] }[] = [
  {
    reason: "a service's check of a request: the routes call it, with bodies of every kind",
    functions: [
      "shared/services/atomic-draft.ts#checkAtomicWrite",
      "shared/services/group-checks.ts#checkMemberId",
      "shared/services/group-checks.ts#checkCommit",
      "shared/services/group-checks.ts#checkEpoch",
      "shared/services/group-checks.ts#checkText",
      "shared/services/membership-checks.ts#checkJoin",
      "shared/services/membership-checks.ts#checkHeartbeat",
      "shared/services/share-checks.ts#checkAcquire",
      "shared/services/share-checks.ts#checkAcknowledge",
      "shared/services/share-checks.ts#checkRedrive",
      "shared/services/topic-checks.ts#checkPartitions",
      "shared/services/topic-checks.ts#checkLimit",
      "shared/services/transaction-size.ts#checkTransactionSize",
      "shared/transactions/plan-transaction.ts#findOwnerProblem",
    ],
  },
  {
    reason:
      "a service's check of a request that only a gateway makes: the protocol's readers are called with frames of every kind",
    functions: [
      "shared/services/classic-checks.ts#checkClassicJoin",
      "shared/services/classic-checks.ts#checkClassicSelf",
      "shared/services/classic-checks.ts#checkClassicSync",
      "shared/services/classic-checks.ts#checkClassicLeave",
    ],
  },
  {
    reason: "a part of the Kafka gateway that its fuzzed requests go through",
    functions: [
      "gateway/kafka/replicas.ts#checkReplicationFactor",
      "gateway/kafka/replicas.ts#checkAssignments",
      "gateway/kafka/security/gate.ts#split",
    ],
  },
  {
    reason: "called by a decoder beside it, which is fuzzed",
    functions: ["gateway/kafka/security/entity-config.ts#parseJson"],
  },
  {
    reason: "a part of the edge that every route goes through",
    functions: [
      "functions/http/authorized-path.ts#checkAuthorizedPath",
      "functions/records/path-scope.ts#checkWritesWithin",
      "functions/records/path-scope.ts#checkReadsWithin",
      "functions/http/invalid-request.ts#checked",
      "functions/http/json-bytes.ts#decodedBytes",
      "functions/http/operation.ts#checkedParams",
      "functions/http/operation.ts#checkedQuery",
    ],
  },
  {
    reason: "a part of what is stored: the metas, tables and lists that it is of are read here",
    functions: ["shared/partition/epoch-codec.ts#readEpoch"],
  },
  {
    reason:
      "asks the store or the tree for something: what it takes apart is decoded by functions that are called here",
    functions: [
      "gateway/kafka/cluster-znodes.ts#readCluster",
      "shared/partition/collection-state.ts#readCollectionState",
      "shared/partition/compaction-state.ts#readPartitionStart",
      "shared/partition/log-start.ts#readLogStart",
      "shared/partition/log-start.ts#readLogStartState",
      "shared/partition/read-payload.ts#readSelection",
      "shared/partition/read-segment.ts#readSegment",
      "shared/partition/read-segment.ts#readRange",
      "shared/services/topic-projection.ts#readProjection",
      "shared/tree/read-changes.ts#readChanges",
      "shared/tree/read-changes.ts#readOldChanges",
      "shared/tree/read-znodes.ts#readData",
      "shared/tree/read-znodes.ts#readStat",
      "shared/tree/read-znodes.ts#readAcl",
      "shared/tree/read-znodes.ts#readChildren",
      "shared/tree/read-znodes.ts#readAllChildren",
      "client/recipes/read-many.ts#readMany",
    ],
  },
  {
    reason:
      "guards a port against the program itself: what it refuses is a bug of the caller, which the routes would show",
    functions: [
      "shared/storage/aws/item-attributes.ts#checkAttributesFit",
      "shared/storage/port-bounds.ts#checkEntry",
      "shared/storage/port-bounds.ts#checkItemKey",
      "shared/storage/port-bounds.ts#checkBlobKeys",
      "shared/storage/port-bounds.ts#checkBlobRange",
      "shared/storage/port-bounds.ts#checkListLimit",
    ],
  },
  {
    reason: "reads what the deployment itself puts in a function's environment",
    functions: ["shared/storage/aws/schedule-names.ts#decodeScheduleNames"],
  },
  {
    reason: "reads what who starts the process says, by one regular expression",
    functions: ["local/superuser.ts#findSuperDigestProblem"],
  },
  {
    reason: "reads a stream of bytes into a body, whatever they are",
    functions: ["local/request-body.ts#readRequestBody"],
  },
  {
    reason: "of the demo: reads a data set that comes with a package, and records that it wrote",
    functions: ["local/demo/flights.ts#readFlights", "local/demo/stream-rows.ts#readRows"],
  },
];

export const notFuzzed: ReadonlyMap<string, string> = new Map(
  groups.flatMap(({ reason, functions }) => functions.map((name) => [name, reason] as const)),
);
