/**
 * A session's lease: one item that its heartbeats extend.
 *
 *     sessions:<ns> / <session id>   state: live | closing, password (hex), expiresAtMs
 *
 *     create ──► live ──(heartbeat: while live and not over)──► live ──(over, or closed)──► closing ──► gone
 *
 * It is put before the session comes to the tree, so a session of the tree without a live lease is dead. The timeout is
 * the low 20 bits of the session's id: whoever extends the lease need not read it first.
 */
import { sessionTimeoutMsDefault, sessionTimeoutMsMax, sessionTimeoutMsMin } from "../limits.ts";
import type { Random } from "../storage/environment.ts";
import { sessionKey } from "../storage/item-keys.ts";
import type { Condition, Item } from "../storage/item-store.ts";
import type { Storage } from "../storage/storage.ts";
import type { SessionCredentials } from "./coordination.ts";

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
  readonly version: number;
}

export function leaseOf({ key, version, attributes }: Item): Lease {
  const { state, expiresAtMs } = attributes;
  return {
    sessionId: BigInt(key.sort),
    live: state === "live",
    expiresAtMs: typeof expiresAtMs === "number" ? expiresAtMs : 0,
    version,
  };
}

/** False if the id is taken. */
export async function putLease(
  { items, clock }: Storage,
  namespace: string,
  { sessionId, password }: SessionCredentials,
): Promise<boolean> {
  const expiresAtMs = clock.wallMs() + timeoutMsOf(sessionId);
  const set = { state: "live", password: hexOf(password), expiresAtMs };
  const { applied } = await items.update(sessionKey(namespace, sessionId), { set }, [{ kind: "absent" }]);
  return applied;
}

/** One request; false if the lease is over, closing, gone, or another's. */
export async function extendLease(
  { items, clock }: Storage,
  namespace: string,
  credentials: SessionCredentials,
): Promise<boolean> {
  const nowMs = clock.wallMs();
  const { sessionId } = credentials;
  const set = { expiresAtMs: nowMs + timeoutMsOf(sessionId) };
  const { applied } = await items.update(sessionKey(namespace, sessionId), { set }, ownAndLive(credentials, nowMs));
  return applied;
}

/** For its owner. False unless it was live, or is closing already. */
export async function closeOwnLease(
  { items, clock }: Storage,
  namespace: string,
  credentials: SessionCredentials,
): Promise<boolean> {
  const { sessionId, password } = credentials;
  const key = sessionKey(namespace, sessionId);
  const conditions = ownAndLive(credentials, clock.wallMs());
  const written = await items.update(key, { set: { state: "closing" } }, conditions);
  if (written.applied) return true;
  const existing = written.existing ?? (await items.get(key));
  return existing?.attributes["state"] === "closing" && existing.attributes["password"] === hexOf(password);
}

function ownAndLive({ password }: SessionCredentials, nowMs: number): readonly Condition[] {
  return [
    { kind: "attribute", name: "password", op: "=", value: hexOf(password) },
    { kind: "attribute", name: "state", op: "=", value: "live" },
    { kind: "attribute", name: "expiresAtMs", op: ">", value: nowMs },
  ];
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
