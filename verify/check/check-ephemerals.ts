/** Whether ephemerals live as long as their sessions: not longer than a bound allows, and never shorter. */
import type { EphemeralHistory, EphemeralOperation, SessionLife } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";

/** All in the history's unit of time. */
export interface EphemeralCheckOptions {
  /** How long after the end of its lease a session may still be there. */
  readonly boundMax: number;
  /** How long after its invocation a call that was not answered may still have its effect. */
  readonly lateMax: number;
  /** How much earlier a lease may end because clocks differ. */
  readonly skewMax: number;
}

/** Anomalies are named `outlived its session`, `died early`, `came back` and `phantom ephemeral`. */
export function checkEphemerals(
  { sessions, operations }: EphemeralHistory,
  options: EphemeralCheckOptions,
): readonly Anomaly[] {
  const anomalies = new AnomalyList();
  const lives = new Map(sessions.map((session) => [session.sessionId, lifeOf(session, options)]));
  for (const [path, calls] of Map.groupBy(operations, (operation) => operation.path)) {
    const { sessionId } = calls[0] ?? { sessionId: "" };
    const life = lives.get(sessionId);
    if (life === undefined) throw new RangeError(`the history has no session ${sessionId}, which owns ${path}`);
    checkEphemeral(path, life, calls, anomalies);
  }
  return anomalies.found();
}

interface Life {
  readonly sessionId: string;
  /** Up to here nobody may end it. */
  readonly surelyUntil: number;
  /** From here on nothing of it may be seen. */
  readonly goneFrom: number;
}

function lifeOf(session: SessionLife, { boundMax, lateMax, skewMax }: EphemeralCheckOptions): Life {
  const { sessionId, timeout, opened, renewals, closed } = session;
  let [surelyUntil, leaseEnd] = [-Infinity, -Infinity];
  for (const { outcome, invokedAt, answeredAt } of [opened, ...renewals]) {
    if (outcome === "fail") continue;
    if (outcome === "ok") surelyUntil = Math.max(surelyUntil, invokedAt + timeout - skewMax);
    const appliedBy =
      outcome === "ok" ? answeredAt : Math.max(invokedAt + lateMax, answeredAt < Infinity ? answeredAt : 0);
    leaseEnd = Math.max(leaseEnd, appliedBy + timeout);
  }
  const closing = closed === undefined || closed.outcome === "fail" ? Infinity : closed.invokedAt;
  const isClosedBy = closed?.outcome === "ok" ? closed.answeredAt : Infinity;
  return {
    sessionId,
    surelyUntil: Math.min(surelyUntil, closing),
    goneFrom: Math.min(leaseEnd + boundMax, isClosedBy),
  };
}

function checkEphemeral(path: string, life: Life, calls: readonly EphemeralOperation[], anomalies: AnomalyList): void {
  const create = calls.find(({ kind }) => kind === "create");
  const deletes = calls.filter(({ kind, outcome }) => kind === "delete" && outcome !== "fail");
  // Who sees it knows that it was made, whatever its creator was told.
  const createdBy = calls.reduce(
    (first, call) => (isThere(call) ? Math.min(first, call.answeredAt) : first),
    create?.outcome === "ok" ? create.answeredAt : Infinity,
  );
  const deletedFrom = deletes.reduce((first, { invokedAt }) => Math.min(first, invokedAt), Infinity);
  const deletedBy = deletes.reduce(
    (first, { outcome, answeredAt }) => (outcome === "ok" ? Math.min(first, answeredAt) : first),
    Infinity,
  );
  const add = (name: string, call: EphemeralOperation): void => {
    anomalies.add(
      name,
      () =>
        `${path} of session ${life.sessionId}, which lived to ${life.surelyUntil} and is to be gone from ${life.goneFrom}: ${describe(call)}`,
    );
  };
  let goneBy = deletedBy;
  for (const call of calls) {
    if (call.kind !== "look" || call.outcome !== "ok" || call.isPresent !== false || call.invokedAt <= createdBy)
      continue;
    goneBy = Math.min(goneBy, call.answeredAt);
    if (call.answeredAt < Math.min(deletedFrom, life.surelyUntil)) add("died early", call);
  }
  if (create?.outcome === "ok" && create.invokedAt > life.goneFrom) add("outlived its session", create);
  for (const call of calls) {
    if (!isThere(call)) continue;
    const isPhantom = create === undefined || create.outcome === "fail" || call.answeredAt < create.invokedAt;
    if (isPhantom) add("phantom ephemeral", call);
    if (call.invokedAt > life.goneFrom) add("outlived its session", call);
    else if (call.invokedAt > goneBy) add("came back", call);
  }
}

function isThere(call: EphemeralOperation): boolean {
  return call.kind === "look" && call.outcome === "ok" && call.isPresent === true;
}

function describe(call: EphemeralOperation): string {
  const saw = call.kind === "look" ? ` saw it ${call.isPresent === true ? "there" : "not there"}` : "";
  return `[${call.kind} of process ${call.process}, ${call.invokedAt} to ${call.answeredAt},${saw} ${call.outcome}]`;
}
