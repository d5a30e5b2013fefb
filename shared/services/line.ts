/**
 * A line in a tree, for a lock or an election: ephemeral sequential znodes below one container, first come first served.
 *
 *     /locks/<name>/<mode>-<contender id>-%010d
 *     /elections/<name>/candidate-<contender id>-%010d
 */
import type { Zxid } from "../brand.ts";
import { nameOf, parentOf } from "../tree/paths.ts";
import type { Znode } from "../tree/stat.ts";
import type { ZnodeTree } from "../tree/znode-tree.ts";
import type { CallContext, SessionCredentials } from "./coordination.ts";

/** A place in line. */
export interface Place {
  readonly path: string;
  /** `write`, `read` or `candidate`. */
  readonly kind: string;
  readonly contenderId: string;
  readonly sequence: number;
  /** As the tree has it, and changes it. */
  readonly node: Readonly<Znode>;
}

/** A call under a session. */
export interface Entrant {
  readonly context: CallContext;
  readonly session: SessionCredentials;
  /** Of the line. */
  readonly parent: string;
  readonly contenderId: string;
}

/** A place as one call knows it. */
export interface TakenPlace {
  readonly path: string;
  readonly czxid: Zxid;
  /** Of the latest tree that this call has seen it in. */
  readonly seenAt: Zxid;
  /** The znode's, as long as no later call of the contender has claimed it; absent where this call has not. */
  readonly version?: number;
}

/** Whether a place must be gone before one behind it is granted. */
export type Blocks = (ahead: Place, own: Place) => boolean;

/** All places, in the order of the line. */
export function lineOf(tree: ZnodeTree, parent: string): readonly Place[] {
  const places: Place[] = [];
  for (const name of tree.childNames(parent)) {
    const place = placeAt(tree, `${parent}/${name}`);
    if (place !== undefined) places.push(place);
  }
  return places.toSorted(bySequence);
}

/** In the order of the line; more than one only for a moment, when two calls of one contender have met. */
export function placesOf(tree: ZnodeTree, { session, parent, contenderId }: Entrant): readonly Place[] {
  const places: Place[] = [];
  for (const path of tree.ephemerals(session.sessionId)) {
    const place = parentOf(path) === parent ? placeAt(tree, path) : undefined;
    if (place?.contenderId === contenderId) places.push(place);
  }
  return places.toSorted(bySequence);
}

/** The last place that blocks `own`: only when that one goes, it is worth while to look again. */
export function blockerOf(tree: ZnodeTree, own: Place, blocks: Blocks): Place | undefined {
  const parent = parentOf(own.path);
  let last: Place | undefined;
  for (const name of tree.childNames(parent)) {
    const place = placeAt(tree, `${parent}/${name}`);
    if (place === undefined || place.sequence >= own.sequence || !blocks(place, own)) continue;
    if (last === undefined || place.sequence > last.sequence) last = place;
  }
  return last;
}

/** The place that is this very znode, and not another that came to have its path. */
export function samePlace(tree: ZnodeTree, { path, czxid }: Pick<TakenPlace, "path" | "czxid">): Place | undefined {
  const place = placeAt(tree, path);
  return place?.node.czxid === czxid ? place : undefined;
}

function placeAt(tree: ZnodeTree, path: string): Place | undefined {
  const match = /^(write|read|candidate)-([A-Za-z0-9_-]+)-(\d{10,})$/.exec(nameOf(path));
  const node = tree.node(path);
  if (match === null || node === undefined) return undefined;
  const [, kind = "", contenderId = "", sequence] = match;
  return { path, kind, contenderId, sequence: Number(sequence), node };
}

function bySequence(one: Place, other: Place): number {
  return one.sequence - other.sequence;
}
