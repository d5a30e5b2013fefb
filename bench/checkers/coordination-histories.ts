/** Histories of watches, sequential znodes, sessions and locks that kept every promise. */
import type {
  EphemeralHistory,
  EphemeralOperation,
  GuardedWrite,
  LockHistory,
  LockHold,
  Operation,
  SequentialCreate,
  SessionLife,
  WatchHistory,
  WatchLog,
  WatchSight,
} from "../../verify/history.ts";
import { SerialCalls, type SerialOptions } from "./serial-calls.ts";

const watchersCount = 20;
const pathsCount = 100;

/** As many sights as operations are asked for, of watchers of the whole tree and of single znodes. */
export function watchHistory({ operations, seed }: SerialOptions): WatchHistory {
  const calls = new SerialCalls({ seed, operations, clients: 1, unsure: 0 });
  const changesCount = Math.ceil(operations / watchersCount);
  const changes = Array.from({ length: changesCount }, (_, index) => ({
    zxid: index + 1,
    path: `/w/${calls.below(pathsCount)}`,
    type: "NodeDataChanged" as const,
  }));
  const logs = Array.from({ length: watchersCount + pathsCount }, (_, index): WatchLog => {
    const isRecursive = index < watchersCount;
    const path = isRecursive ? "/w" : `/w/${index - watchersCount}`;
    const [sinceZxid, untilZxid] = [calls.below(10), changesCount - calls.below(10)];
    const sights: WatchSight[] = [];
    for (const change of changes) {
      const isHeard = isRecursive || change.path === path;
      if (!isHeard || change.zxid <= sinceZxid || change.zxid > untilZxid) continue;
      sights.push({ kind: "event", ...change });
      if (calls.chance(0.1)) sights.push({ kind: "data", path: change.path, mzxid: change.zxid });
    }
    return { watcher: `w${index}`, path, isRecursive, sinceZxid, untilZxid, sights };
  });
  return { changes, logs };
}

export function sequentialHistory(options: SerialOptions): SequentialCreate[] {
  const calls = new SerialCalls(options);
  const next = Array.from({ length: 10 }, () => 0);
  const creates: SequentialCreate[] = [];
  for (let czxid = 1; !calls.isOver; czxid += 1) {
    const { call, hasEffect } = calls.next();
    const index = calls.below(next.length);
    const suffix = next[index] ?? 0;
    if (hasEffect) next[index] = suffix + 1 + calls.below(2);
    creates.push({ ...call, parent: `/q${index}`, ...(call.outcome === "ok" ? { suffix, czxid } : {}) });
  }
  return creates;
}

export const ephemeralTimes = { timeout: 1_000, boundMax: 200, lateMax: 100, skewMax: 0 };

/** Sessions that are renewed for a while and then left, each with an ephemeral that is looked at all the time. */
export function ephemeralHistory({ operations, seed, unsure }: SerialOptions): EphemeralHistory {
  const calls = new SerialCalls({ seed, operations: Infinity, clients: 1, unsure: 0 });
  const sessions: SessionLife[] = [];
  const looks: EphemeralOperation[] = [];
  const { timeout, boundMax } = ephemeralTimes;
  let count = 0;
  for (let session = 0; count < operations; session += 1) {
    const sessionId = `s${session}`;
    const path = `/e${session}`;
    const call = (invokedAt: number): Operation => ({
      process: session,
      invokedAt,
      answeredAt: invokedAt + 20,
      outcome: "ok",
    });
    const start = session * 50;
    let time = start + 40;
    looks.push({ ...call(start + 20), path, sessionId, kind: "create" });
    const renewals: Operation[] = [];
    let leaseEnd = start + 10 + timeout;
    for (let beat = 0; beat < 8; beat += 1) {
      time += calls.below(timeout / 2);
      const isUnsure = calls.chance(unsure);
      renewals.push(isUnsure ? { ...call(time), answeredAt: Infinity, outcome: "info" } : call(time));
      if (!isUnsure) leaseEnd = time + 10 + timeout;
      looks.push({ ...call(time + 5), path, sessionId, kind: "look", isPresent: true });
      time += 30;
    }
    const goneAt = leaseEnd + calls.below(boundMax);
    for (let at = time; at < goneAt + timeout; at += 100) {
      const isPresent = at + 10 < goneAt;
      looks.push({ ...call(at), path, sessionId, kind: "look", isPresent });
    }
    sessions.push({ sessionId, timeout, opened: call(start), renewals });
    count = sessions.length * 9 + looks.length;
  }
  return { sessions, operations: looks };
}

/** Holders that write, and write on after they were deposed, when they are refused. */
export function lockHistory(options: SerialOptions): LockHistory {
  const calls = new SerialCalls(options);
  const holds: LockHold[] = [];
  const writes: GuardedWrite[] = [];
  for (let token = 1; !calls.isOver; token += 1) {
    const { call } = calls.next();
    const { process, invokedAt } = call;
    const lock = "l";
    const grantedAt = calls.now;
    for (let write = 0; write < 1 + calls.below(8); write += 1) {
      const { call, hasEffect } = calls.next();
      const position = writes.length;
      writes.push({ ...call, process, lock, token, ...(hasEffect ? { position } : {}) });
    }
    if (calls.chance(0.2) && token > 1) {
      writes.push({ ...calls.next().call, outcome: "fail", lock, token: token - 1 });
    }
    holds.push({ lock, process, token, invokedAt, grantedAt, endedAt: calls.now + calls.below(100) });
  }
  return { holds, writes };
}
