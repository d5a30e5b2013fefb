/** Waiting in line at the service, for a lock or to be elected. */
import type { Session } from "../coordination/session.ts";
import type { GrantedZnode } from "./grant.ts";

export interface Line<Answer = GrantedZnode | undefined> {
  /** Stands in line, or goes on standing there, and waits a while; undefined if the turn has not come. */
  ask(): Promise<Answer>;
  /** Leaves the line, or gives up what was granted. */
  leave(): Promise<void>;
}

/**
 * Waits until it is granted.
 *
 * @throws SessionExpiredError | StreamkeeperException, or the signal's reason
 */
export async function standInLine(
  session: Session,
  signal: AbortSignal | undefined,
  line: Line,
): Promise<GrantedZnode> {
  for (;;) {
    const granted = await askInLine(session, signal, line);
    if (granted !== undefined) return granted;
  }
}

/**
 * Asks once. Whoever stops waiting leaves no place behind, at which everyone else would wait for as long as the session
 * lives.
 *
 * @throws as `standInLine`
 */
export async function askInLine<Answer>(
  session: Session,
  signal: AbortSignal | undefined,
  line: Line<Answer>,
): Promise<Answer> {
  let asking: Promise<Answer> | undefined;
  try {
    session.requireOpen();
    signal?.throwIfAborted();
    asking = line.ask();
    const granted = await orAborted(asking, signal);
    // The answer may have come late: by now the session may be over, and the next one's turn have come.
    session.requireOpen();
    return granted;
  } catch (error) {
    void leaveLine(line, asking);
    // Why the session is over says more than what failed under it.
    session.requireOpen();
    throw error;
  }
}

/** What is still on its way may stand in line only after the line was left: then it is left again. */
async function leaveLine(line: Pick<Line, "leave">, asking: Promise<unknown> | undefined): Promise<void> {
  await Promise.allSettled([line.leave()]);
  await Promise.allSettled([asking]);
  await Promise.allSettled([line.leave()]);
}

async function orAborted<Value>(promise: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return await promise;
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
