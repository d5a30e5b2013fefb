/** Steps as requests of ZooKeeper's protocol. */
import type { MultiPart, MultiReadPart } from "../../../gateway/zookeeper/protocol/multi.ts";
import type { Request } from "../../../gateway/zookeeper/protocol/operations.ts";
import type { CreateStep, Step, WriteStep } from "./generate.ts";

export const createFlags = {
  persistent: 0,
  ephemeral: 1,
  persistent_sequential: 2,
  ephemeral_sequential: 3,
  container: 4,
  persistent_with_ttl: 5,
  persistent_sequential_with_ttl: 6,
} as const;

/** Creates with a Stat, reads without a watch. */
export function requestOf(step: Step): Request {
  switch (step.kind) {
    case "create":
    case "delete":
    case "setData":
    case "check":
      return writeRequest(step);
    case "setAcl":
      return { kind: "setACL", body: step };
    case "getData":
    case "exists":
      return { kind: step.kind, body: { path: step.path, watch: false } };
    case "getChildren":
      return { kind: "getChildren2", body: { path: step.path, watch: false } };
    case "getAcl":
      return { kind: "getACL", body: step };
    case "ephemerals":
      return { kind: "getEphemerals", body: step };
    case "count":
      return { kind: "getAllChildrenNumber", body: step };
    case "multi":
      return { kind: "multi", body: step.steps.map(writeRequest) };
    case "multiRead":
      return {
        kind: "multiRead",
        body: step.steps.map(({ kind, path }): MultiReadPart => ({ kind, body: { path, watch: false } })),
      };
  }
}

function writeRequest(step: WriteStep): MultiPart {
  return step.kind === "create" ? createRequest(step) : ({ kind: step.kind, body: step } as MultiPart);
}

function createRequest({ path, data, mode, acl, ttlMs }: CreateStep): MultiPart {
  const body = { path, data, acl, flags: createFlags[mode] };
  if (ttlMs !== undefined) return { kind: "createTTL", body: { ...body, ttl: ttlMs } };
  return { kind: mode === "container" ? "createContainer" : "create2", body };
}
