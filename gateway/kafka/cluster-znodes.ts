/** What a namespace's tree tells of its gateways, and the changes that they make to it. */
import { ServiceError } from "../../shared/api/errors.ts";
import { gatewaysMax } from "../../shared/limits/gateway-cluster.ts";
import type { CallContext, MultiOperation, ReadResult, ZnodeService } from "../../shared/services/coordination.ts";
import {
  brokerPath,
  brokersPath,
  clusterIdPath,
  clusterParents,
  controllerEpochPath,
  controllerPath,
  decodeBroker,
  decodeClusterId,
  decodeController,
  decodeEpoch,
  encodeClusterId,
  encodeController,
  encodeEpoch,
  encodeFeatures,
  type Endpoint,
  featurePath,
  nodeIdOf,
} from "../../shared/topics/broker-znodes.ts";
import type { AclList } from "../../shared/tree/acl.ts";
import { parentOf } from "../../shared/tree/paths.ts";
import { gatewayContext } from "./security/followed-znodes.ts";

/** Who registered a node id. */
export interface Registration {
  /** Its session; 0 for a znode that somebody wrote by hand. */
  readonly owner: bigint;
  /** Undefined for one that does not read as a broker. */
  readonly endpoint: Endpoint | undefined;
  readonly version: number;
}

/** The tree of one moment, or of two that follow each other. */
export interface Cluster {
  readonly zxid: number;
  /** By node id, in order. */
  readonly brokers: ReadonlyMap<number, Registration>;
  readonly controllerId: number | undefined;
  /** Of its znode, or undefined while there is none. */
  readonly controllerOwner: bigint | undefined;
  readonly epoch: { readonly value: number; readonly version: number } | undefined;
  readonly clusterId: string | undefined;
  readonly hasFeatures: boolean;
  /** Of what stands above brokers and the cluster's id, parents first. */
  readonly missing: readonly string[];
}

type Znodes = Pick<ZnodeService, "multiRead">;

/** Undefined where the tree is as it was at `seenZxid`. @throws ServiceError as reads of znodes */
export async function readCluster(znodes: Znodes, namespace: string, seenZxid = -1): Promise<Cluster | undefined> {
  const context = gatewayContext(namespace);
  const { results, zxid } = await znodes.multiRead(context, [
    { kind: "getData", path: controllerPath },
    { kind: "getData", path: controllerEpochPath },
    { kind: "getData", path: clusterIdPath },
    { kind: "getChildren", path: brokersPath },
    { kind: "getData", path: featurePath },
    ...clusterParents.map((path) => ({ kind: "getData", path }) as const),
  ]);
  if (zxid === seenZxid) return undefined;
  const [controller, epoch, clusterId, children, features, ...parents] = results;
  const controllerNode = dataOf(controller);
  const epochNode = dataOf(epoch);
  return {
    zxid,
    brokers: await readBrokers(znodes, context, childrenOf(children), zxid),
    controllerId: decodeController(controllerNode?.data),
    controllerOwner: controllerNode?.stat.ephemeralOwner,
    epoch: epochNode && { value: decodeEpoch(epochNode.data), version: epochNode.stat.version },
    clusterId: decodeClusterId(dataOf(clusterId)?.data),
    hasFeatures: dataOf(features) !== undefined,
    missing: clusterParents.filter((_path, index) => dataOf(parents[index]) === undefined),
  };
}

async function readBrokers(
  znodes: Znodes,
  context: CallContext,
  names: readonly string[],
  minZxid: number,
): Promise<ReadonlyMap<number, Registration>> {
  const nodeIds = names
    .flatMap((name) => nodeIdOf(name) ?? [])
    .toSorted((one, other) => one - other)
    .slice(0, gatewaysMax);
  if (nodeIds.length === 0) return new Map();
  const operations = nodeIds.map((nodeId) => ({ kind: "getData", path: brokerPath(nodeId) }) as const);
  const { results } = await znodes.multiRead(context, operations, { minZxid });
  return new Map(
    nodeIds.flatMap((nodeId, index) => {
      const node = dataOf(results[index]);
      if (node === undefined) return [];
      const { ephemeralOwner: owner, version } = node.stat;
      return [[nodeId, { owner, version, endpoint: decodeBroker(node.data) }] as const];
    }),
  );
}

type DataResult = Extract<ReadResult, { kind: "getData" }>;

/** Undefined for what is not there. @throws ServiceError what else a read may answer */
function dataOf(result: ReadResult | undefined): DataResult | undefined {
  if (result?.kind === "error" && result.error !== "NO_NODE") throw new ServiceError(result.error, result.message);
  return result?.kind === "getData" ? result : undefined;
}

function childrenOf(result: ReadResult | undefined): readonly string[] {
  if (result?.kind === "error" && result.error !== "NO_NODE") throw new ServiceError(result.error, result.message);
  return result?.kind === "getChildren" ? result.children : [];
}

/** Creates what every cluster has, where it is missing. @param acl of what says which cluster it is */
export function foundingStep(
  { missing, clusterId, epoch, hasFeatures }: Cluster,
  newClusterId: string,
  acl?: AclList,
): readonly MultiOperation[] {
  return [
    ...missing.map((path) => create(path, null, path === parentOf(clusterIdPath) ? acl : undefined)),
    ...(clusterId === undefined ? [create(clusterIdPath, encodeClusterId(newClusterId), acl)] : []),
    ...(epoch === undefined ? [create(controllerEpochPath, encodeEpoch(0))] : []),
    ...(hasFeatures ? [] : [create(featurePath, encodeFeatures())]),
  ];
}

/** Makes a gateway the controller, in the place of the one that stands there, if one does. */
export function controllerStep(
  { epoch, controllerOwner }: Cluster,
  nodeId: number,
  nowMs: number,
): readonly MultiOperation[] {
  const data = encodeController(nodeId, nowMs);
  const next = encodeEpoch((epoch?.value ?? 0) + 1);
  return [
    ...(controllerOwner === undefined ? [] : [{ kind: "delete", path: controllerPath, version: 0 } as const]),
    { kind: "create", path: controllerPath, data, mode: "ephemeral" },
    epoch === undefined
      ? create(controllerEpochPath, next)
      : { kind: "setData", path: controllerEpochPath, data: next, version: epoch.version },
  ];
}

/** Puts a gateway's znode in the place of the one that stands there, if one does. */
export function registrationStep(
  nodeId: number,
  data: Uint8Array,
  replaced: Registration | undefined,
  acl?: AclList,
): readonly MultiOperation[] {
  const path = brokerPath(nodeId);
  return [
    ...(replaced === undefined ? [] : [{ kind: "delete", path, version: replaced.version } as const]),
    { kind: "create", path, data, mode: "ephemeral", ...(acl === undefined ? {} : { acl }) },
  ];
}

function create(path: string, data: Uint8Array | null, acl?: AclList): MultiOperation {
  return { kind: "create", path, data, mode: "persistent", ...(acl === undefined ? {} : { acl }) };
}
