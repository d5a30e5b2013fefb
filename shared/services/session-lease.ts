/**
 * A session's lease: one item that its heartbeats extend.
 *
 *     sessions:<ns> / <session id>   state: live | closing, password (hex), expiresAtMs, keptUntilMs, owner
 *
 *     create ──► live ──(heartbeat: while live and not over)──► live ──(over, or closed)──► closing ──► gone
 *                                                              the tree has no such session: kept for a while ─┘
 *
 * It is put before the session comes to the tree, so a session of the tree without a live lease is dead. The timeout is
 * the low 20 bits of the session's id: whoever extends the lease need not read it first.
 *
 * `owner` is who serves the session, if that is to be known: taking it over, extending it and closing it are each decided by one
 * conditional update, so that of two who think that they serve it one is told.
 *
 * Model: `models/sessions/Sessions.tla`.
 */
import { leaseTriesMax, sessionTimeoutMsDefault, sessionTimeoutMsMax, sessionTimeoutMsMin } from "../limits.ts";
import type { Clock, Random } from "../storage/environment.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import { sessionKey } from "../storage/item-keys.ts";
import type { Attributes, Condition, Item, ItemWriteResult } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { SessionCredentials } from "./coordination.ts";
import { untilAnswered } from "./until-answered.ts";

const timeoutBits = 20n;

/** With 42 random bits before the timeout: positive, below 2^62, and improbable to be met twice. */
export function newSessionId(random: Random, timeoutMs: number): bigint {
  const high = (BigInt(random.uint32()) << 10n) | BigInt(random.uint32() & 0x3ff);
  return (high << timeoutBits) | BigInt(timeoutMs);
}

export function timeoutMsOf(sessionId: bigint): number {
  return Number(sessionId & ((1n << timeoutBits) - 1n));
}

/** What a session is given for what it asks for. */
export function clampTimeoutMs(timeoutMs: number | undefined): number {
  const asked = Math.floor(timeoutMs ?? sessionTimeoutMsDefault);
  return Math.min(sessionTimeoutMsMax, Math.max(sessionTimeoutMsMin, asked));
}

/** What a lease says. */
export interface Lease {
  readonly sessionId: bigint;
  readonly live: boolean;
  readonly expiresAtMs: number;
  /** Set on a closing lease whose session the tree does not have. */
  readonly keptUntilMs: number | undefined;
  readonly version: number;
}

/** @throws StorageCorruptError if its key is no session's */
export function leaseOf({ key, version, attributes }: Item): Lease {
  if (!/^\d{1,19}$/.test(key.sort)) throw new StorageCorruptError(`the lease of no session: ${key.sort}`);
  const { state, expiresAtMs, keptUntilMs } = attributes;
  return {
    sessionId: BigInt(key.sort),
    live: state === "live",
    expiresAtMs: typeof expiresAtMs === "number" ? expiresAtMs : 0,
    keptUntilMs: typeof keptUntilMs === "number" ? keptUntilMs : undefined,
    version,
  };
}

/** False if the id is taken. */
export async function putLease(
  { items, clock }: Storage,
  namespace: string,
  { sessionId, password }: SessionCredentials,
  owner?: bigint,
): Promise<boolean> {
  const expiresAtMs = clock.wallMs() + timeoutMsOf(sessionId);
  const set = { state: "live", password: hexOf(password), expiresAtMs, ...ownerAttribute(owner) };
  const key = sessionKey(namespace, sessionId);
  const written = await untilAnswered(leaseTriesMax, () => items.update(key, { set }, [{ kind: "absent" }]));
  // Ours, if an answer was lost on the way.
  return written.applied || isOwn(written.existing, password, "live");
}

/**
 * One request: over as well if the lease is closing, gone, or another's.
 *
 * @param owner moved if another serves the session, or nobody does
 */
export async function extendLease(
  { items, clock }: Storage,
  namespace: string,
  credentials: SessionCredentials,
  owner?: bigint,
): Promise<"extended" | "over" | "moved"> {
  const { sessionId } = credentials;
  const key = sessionKey(namespace, sessionId);
  const written = await untilAnswered(leaseTriesMax, () => {
    const nowMs = clock.wallMs();
    const expiresAtMs = nowMs + timeoutMsOf(sessionId);
    const conditions = [...ownAndLive(credentials, nowMs, owner), notAfter(expiresAtMs)];
    return items.update(key, { set: { expiresAtMs } }, conditions);
  });
  if (written.applied) return "extended";
  const { existing } = written;
  if (!isOpen(existing, credentials, clock)) return "over";
  return isOwnedBy(existing, owner) ? "extended" : "moved";
}

/** As `extendLease`, whoever served the session: from now on `owner` does. False if it is over. One request, seldom two. */
export async function takeLease(
  { items, clock }: Storage,
  namespace: string,
  credentials: SessionCredentials,
  owner: bigint,
): Promise<boolean> {
  const key = sessionKey(namespace, credentials.sessionId);
  const put = (set: Attributes, conditions: readonly Condition[]): Promise<ItemWriteResult> =>
    items.update(key, { set: { ...set, ...ownerAttribute(owner) } }, conditions);
  const extended = await untilAnswered(leaseTriesMax, () => {
    const nowMs = clock.wallMs();
    const expiresAtMs = nowMs + timeoutMsOf(credentials.sessionId);
    return put({ expiresAtMs }, [...ownAndLive(credentials, nowMs), notAfter(expiresAtMs)]);
  });
  if (extended.applied) return true;
  if (!isOpen(extended.existing, credentials, clock)) return false;
  if (isOwnedBy(extended.existing, owner)) return true;
  // A clock that is ahead has promised more already.
  const taken = await untilAnswered(leaseTriesMax, () => put({}, ownAndLive(credentials, clock.wallMs())));
  return taken.applied;
}

/**
 * For its owner: closing now or already, over before that, or another's to serve; or it is over, and nobody knows whether this
 * call ended it.
 */
export async function closeOwnLease(
  { items, clock }: Storage,
  namespace: string,
  credentials: SessionCredentials,
  owner?: bigint,
): Promise<"closing" | "over" | "moved" | "unknown"> {
  const key = sessionKey(namespace, credentials.sessionId);
  const change = { set: { state: "closing" } };
  let tries = 0;
  const written = await untilAnswered(leaseTriesMax, () => {
    tries += 1;
    return items.update(key, change, ownAndLive(credentials, clock.wallMs(), owner));
  });
  if (written.applied || isOwn(written.existing, credentials.password, "closing")) return "closing";
  const { existing } = written;
  if (isOpen(existing, credentials, clock) && !isOwnedBy(existing, owner)) return "moved";
  // A reaper may have finished by now what a try began whose answer was lost.
  return tries > 1 ? "unknown" : "over";
}

/** @param owner absent: whoever serves the session */
function ownAndLive({ password }: SessionCredentials, nowMs: number, owner?: bigint): readonly Condition[] {
  const own: readonly Condition[] = [
    { kind: "attribute", name: "password", op: "=", value: hexOf(password) },
    { kind: "attribute", name: "state", op: "=", value: "live" },
    { kind: "attribute", name: "expiresAtMs", op: ">", value: nowMs },
  ];
  return owner === undefined ? own : [...own, { kind: "attribute", name: "owner", op: "=", value: owner.toString() }];
}

/** What arrives late, or is sent by a clock that is behind, must not take away what a later heartbeat was promised. */
function notAfter(expiresAtMs: number): Condition {
  return { kind: "attribute", name: "expiresAtMs", op: "<=", value: expiresAtMs };
}

function ownerAttribute(owner: bigint | undefined): Attributes {
  return owner === undefined ? {} : { owner: owner.toString() };
}

function isOwnedBy(item: Item | undefined, owner: bigint | undefined): boolean {
  return owner === undefined || item?.attributes["owner"] === owner.toString();
}

/** As its owner sees it by its clock. */
function isOpen(item: Item | undefined, { password }: SessionCredentials, clock: Clock): item is Item {
  return isOwn(item, password, "live") && leaseOf(item).expiresAtMs > clock.wallMs();
}

function isOwn(item: Item | undefined, password: Uint8Array, state: "live" | "closing"): item is Item {
  return item?.attributes["password"] === hexOf(password) && item.attributes["state"] === state;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
