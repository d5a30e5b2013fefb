import { afterAll, beforeAll } from "vitest";
import type { Session } from "../../../client/index.ts";
import { ownClient, type OwnClient } from "../coordination/own-client.ts";

/** A server for a file of tests, and two sessions at it; requests of `own.client` can be interfered with, and so those of `session`. */
export interface TwoSessions {
  readonly own: OwnClient;
  readonly session: Session;
  readonly other: Session;
}

export function twoSessions(): () => TwoSessions {
  let started: TwoSessions | undefined;
  beforeAll(async () => {
    const own = await ownClient();
    const session = await own.client.session({ timeoutMs: 10_000 });
    const other = await own.another().session({ timeoutMs: 10_000 });
    started = { own, session, other };
  });
  afterAll(async () => {
    if (started === undefined) return;
    await Promise.all([started.session.close(), started.other.close()]);
    await started.own[Symbol.asyncDispose]();
  });
  return () => {
    if (started === undefined) throw new TypeError("the server has not been started");
    return started;
  };
}

/** Two that are both to be kept waiting for, for example a promise and a time. */
export async function isPending(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const pending = Symbol("pending");
  const timer = Promise.withResolvers<symbol>();
  const timeout = setTimeout(() => timer.resolve(pending), ms);
  try {
    return (await Promise.race([promise.catch(() => undefined), timer.promise])) === pending;
  } finally {
    clearTimeout(timeout);
  }
}
