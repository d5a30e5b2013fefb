/** A znode and what ZooKeeper tells of it. */
import type { Zxid } from "../brand.ts";
import { isEphemeral, persistentOwner } from "./owner.ts";

/** ZooKeeper's Stat, field by field; times in ms since the epoch. */
export interface Stat {
  readonly czxid: Zxid;
  readonly mzxid: Zxid;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: Zxid;
}

/** A znode. `data` is never changed, only replaced. */
export interface Znode {
  data: Uint8Array | null;
  /** Which of the tree's access control lists holds for it. */
  aclIndex: number;
  /** Zxid of its creation, of its last setData, and of the last creation or deletion of a child. */
  czxid: Zxid;
  mzxid: Zxid;
  pzxid: Zxid;
  ctime: number;
  mtime: number;
  version: number;
  aversion: number;
  /** Children ever created: ZooKeeper's internal cversion, from which sequential names are made. */
  creations: number;
  numChildren: number;
  /** 0 for a persistent znode, a session, or negative for a container and one with a TTL: see `owner.ts`. */
  ephemeralOwner: bigint;
  /** Names of the children. Only the tree itself keeps them; undefined where there are none, and on any speculation. */
  children: Set<string> | undefined;
}

/** The visible cversion counts deletions as well, and only sessions are shown as owners (`DataNode.copyStat`). */
export function statOf(node: Readonly<Znode>): Stat {
  const { czxid, mzxid, ctime, mtime, version, aversion, numChildren, pzxid } = node;
  const ephemeralOwner = isEphemeral(node.ephemeralOwner) ? node.ephemeralOwner : persistentOwner;
  const cversion = 2 * node.creations - numChildren;
  const dataLength = node.data === null ? 0 : node.data.length;
  return { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, dataLength, numChildren, pzxid };
}

/** The version after a change: an int32 that goes around and leaves out -1, which stands for any version (ZOOKEEPER-4743). */
export function nextVersion(version: number): number {
  const next = (version + 1) | 0;
  return next === -1 ? 0 : next;
}
