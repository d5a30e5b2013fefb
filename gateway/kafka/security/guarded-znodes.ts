/**
 * The znodes on which it rests who may use the port for Kafka's clients: where it matters who they are, only gateways and the
 * superuser write them, and what passwords can be guessed by nobody else reads. Without security they are open, as Kafka's are.
 *
 * What stands directly below the root anybody may delete while it is empty, so what is guarded there has something guarded below.
 */
import { guardedAtOnceMax, guardedPageMax, securityWriteAttemptsMax } from "../../../shared/limits/kafka-security.ts";
import { brokersPath, clusterIdPath } from "../../../shared/topics/broker-znodes.ts";
import {
  aclResourceTypes,
  clientsPath,
  extendedAclsPath,
  literalAclsPath,
  prefixedAclsPath,
  usersPath,
} from "../../../shared/topics/security-znodes.ts";
import { aclKey, type AclList, permission } from "../../../shared/tree/acl.ts";
import { hasCode } from "./change-znode.ts";
import { credentialAcl } from "./entity-config.ts";
import { gatewayContext, type TreeAccess } from "./followed-znodes.ts";

/** Nobody's but the gateways' and the superuser's. */
export const secretAcl: AclList = credentialAcl.filter(({ scheme }) => scheme === "digest");
/** Everybody's to read. */
export const shownAcl: AclList = [{ permissions: permission.read, scheme: "world", id: "anyone" }, ...secretAcl];

interface Guarded {
  readonly path: string;
  readonly acl: AclList;
  /** Whether all below it has the same list. */
  readonly isWhole: boolean;
  /** It is guarded where it is there, and not made. */
  readonly isOptional?: boolean;
}

function whole(path: string, acl: AclList): Guarded {
  return { path, acl, isWhole: true };
}

/** Parents first. */
const guarded: readonly Guarded[] = [
  { path: "/brokers", acl: shownAcl, isWhole: false },
  whole(brokersPath, shownAcl),
  { path: "/config", acl: shownAcl, isWhole: false },
  whole(usersPath, secretAcl),
  whole("/config/streamkeeper", secretAcl),
  whole("/config/brokers", secretAcl),
  whole(clientsPath, shownAcl),
  whole("/config/ips", shownAcl),
  whole(literalAclsPath, shownAcl),
  ...aclResourceTypes.map((type) => whole(`${literalAclsPath}/${type}`, shownAcl)),
  whole(extendedAclsPath, shownAcl),
  whole(prefixedAclsPath, shownAcl),
  ...aclResourceTypes.map((type) => whole(`${prefixedAclsPath}/${type}`, shownAcl)),
  ...["/kafka-acl-changes", "/kafka-acl-extended-changes", "/cluster", clusterIdPath].map((path) => ({
    ...whole(path, shownAcl),
    isOptional: true,
  })),
  { ...whole("/delegation_token", secretAcl), isOptional: true },
];

/** Puts the lists of all of them right, also of those that were there before. @throws ServiceError KAFKA_STORAGE_ERROR | UNKNOWN_NAMESPACE */
export async function guardZnodes(access: TreeAccess): Promise<void> {
  const { znodes } = access.services;
  const context = gatewayContext(access.namespace);
  for (const { path, acl, isOptional = false } of guarded) {
    if (isOptional) continue;
    try {
      await znodes.exists(context, path);
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
      await znodes.create(context, { path, data: null, mode: "persistent", acl }).catch((cause: unknown) => {
        if (!hasCode(cause, "NODE_EXISTS")) throw cause;
      });
    }
  }
  for (const { path, acl, isWhole } of guarded) await guard(access, path, acl, isWhole);
}

async function guard(access: TreeAccess, root: string, acl: AclList, isWhole: boolean): Promise<void> {
  const paths = [root];
  while (paths.length > 0) {
    const some = paths.splice(0, guardedAtOnceMax);
    // Together they are few entries of the log.
    await Promise.all(some.map((path) => setAcl(access, path, acl)));
    if (!isWhole) return;
    for (const path of some) paths.push(...(await childrenOf(access, path)));
  }
}

async function setAcl(access: TreeAccess, path: string, acl: AclList): Promise<void> {
  const { znodes } = access.services;
  const context = gatewayContext(access.namespace);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { acl: found, stat } = await znodes.getAcl(context, path);
      if (aclKey(found) === aclKey(acl)) return;
      await znodes.setAcl(context, { path, acl, version: stat.aversion });
      return;
    } catch (error) {
      if (hasCode(error, "NO_NODE")) return;
      if (!hasCode(error, "BAD_VERSION") || attempt >= securityWriteAttemptsMax) throw error;
    }
  }
}

async function childrenOf(access: TreeAccess, path: string): Promise<readonly string[]> {
  const { znodes } = access.services;
  const found: string[] = [];
  let page: { readonly limit: number; readonly nextToken?: string } | undefined = { limit: guardedPageMax };
  try {
    while (page !== undefined) {
      const read: { readonly children: readonly string[]; readonly nextToken?: string } = await znodes.getChildren(
        gatewayContext(access.namespace),
        path,
        page,
      );
      for (const name of read.children) found.push(`${path}/${name}`);
      page = read.nextToken === undefined ? undefined : { limit: guardedPageMax, nextToken: read.nextToken };
    }
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
  }
  return found;
}
