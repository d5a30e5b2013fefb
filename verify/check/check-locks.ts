/** Whether what a lock guards is safe from those who held it once. Two may believe that they hold it: a fence does not prevent that. */
import type { GuardedWrite, LockHistory, LockHold } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";

export interface LockCheckOptions {
  /** Writes ask the lock itself, so that one is refused from the next grant on, and not only from its first write on. */
  readonly asksLock?: boolean;
}

/**
 * Anomalies are named `deposed holder wrote`, `duplicate token`, `token against time`, `phantom token`, `phantom write`,
 * `inconsistent position`.
 */
export function checkLocks(
  { holds, writes }: LockHistory,
  { asksLock = false }: LockCheckOptions = {},
): readonly Anomaly[] {
  const anomalies = new AnomalyList();
  for (const write of writes) {
    if (write.outcome === "fail" && write.position !== undefined)
      anomalies.add("phantom write", () => `${describeWrite(write)} is there, though it was refused`);
  }
  const writesOf = Map.groupBy(
    writes.filter(({ outcome, position }) => outcome === "ok" || (outcome === "info" && position !== undefined)),
    (write) => write.lock,
  );
  const holdsOf = Map.groupBy(holds, (hold) => hold.lock);
  for (const lock of new Set([...holdsOf.keys(), ...writesOf.keys()])) {
    const [grants, accepted] = [holdsOf.get(lock) ?? [], writesOf.get(lock) ?? []];
    checkTokens(grants, anomalies);
    const tokens = new Set(grants.map(({ token }) => token));
    for (const write of accepted) {
      if (!tokens.has(write.token)) anomalies.add("phantom token", () => describeWrite(write));
    }
    checkPositions(accepted, anomalies);
    checkDeposed(accepted, accepted.map(eventOfWrite), anomalies);
    if (asksLock) checkDeposed(accepted, grants.map(eventOfHold), anomalies);
  }
  return anomalies.found();
}

function checkTokens(grants: readonly LockHold[], anomalies: AnomalyList): void {
  const inOrder = grants.toSorted((one, other) => one.token - other.token);
  /** Of those with greater tokens. */
  let earliest: LockHold | undefined;
  for (let index = inOrder.length - 1; index >= 0; index -= 1) {
    const hold = inOrder[index];
    if (hold === undefined) return;
    const next = inOrder[index + 1];
    if (next?.token === hold.token)
      anomalies.add("duplicate token", () => `${describeHold(hold)} and ${describeHold(next)}`);
    else if (earliest !== undefined && earliest.grantedAt < hold.invokedAt) {
      const before = earliest;
      anomalies.add("token against time", () => `${describeHold(hold)} came after ${describeHold(before)}`);
    }
    if (earliest === undefined || hold.grantedAt < earliest.grantedAt) earliest = hold;
  }
}

/** In the order in which writes were accepted tokens never go down. */
function checkPositions(accepted: readonly GuardedWrite[], anomalies: AnomalyList): void {
  const inOrder = accepted
    .filter(({ position }) => position !== undefined)
    .toSorted((one, other) => (one.position ?? 0) - (other.position ?? 0));
  let highest: GuardedWrite | undefined;
  for (const [index, write] of inOrder.entries()) {
    const before = inOrder[index - 1];
    if (before !== undefined && before.position === write.position) {
      anomalies.add("inconsistent position", () => `${describeWrite(before)} and ${describeWrite(write)}`);
    }
    if (highest !== undefined && write.token < highest.token) {
      const later = highest;
      anomalies.add("deposed holder wrote", () => `${describeWrite(write)} behind ${describeWrite(later)}`);
    }
    if (highest === undefined || write.token > highest.token) highest = write;
  }
}

/** From `at` on no lower token may begin to write. */
interface Deposition {
  readonly at: number;
  readonly token: number;
  readonly describe: () => string;
}

function eventOfWrite(write: GuardedWrite): Deposition {
  const at = write.outcome === "ok" ? write.answeredAt : Infinity;
  return { at, token: write.token, describe: () => describeWrite(write) };
}

function eventOfHold(hold: LockHold): Deposition {
  return { at: hold.grantedAt, token: hold.token, describe: () => describeHold(hold) };
}

function checkDeposed(accepted: readonly GuardedWrite[], events: readonly Deposition[], anomalies: AnomalyList): void {
  const byTime = events.toSorted((one, other) => one.at - other.at);
  let next = 0;
  let highest: Deposition | undefined;
  for (const write of accepted.toSorted((one, other) => one.invokedAt - other.invokedAt)) {
    for (; next < byTime.length; next += 1) {
      const event = byTime[next];
      if (event === undefined || event.at >= write.invokedAt) break;
      if (highest === undefined || event.token > highest.token) highest = event;
    }
    if (highest === undefined || highest.token <= write.token) continue;
    const later = highest;
    anomalies.add("deposed holder wrote", () => `${describeWrite(write)} after ${later.describe()}`);
  }
}

function describeHold({ lock, process, token, grantedAt, endedAt }: LockHold): string {
  return `[${lock} held by process ${process} with token ${token}, ${grantedAt} to ${endedAt}]`;
}

function describeWrite({ lock, process, token, position, invokedAt, outcome }: GuardedWrite): string {
  return `[write under ${lock} of process ${process} with token ${token} at ${invokedAt}, ${outcome}, position ${position}]`;
}
