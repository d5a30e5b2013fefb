/** Calls that contend for one lock, and ways to hold them up. */
import type { CallContext, LockMode } from "../../../shared/services/coordination.ts";
import type { Storage } from "../../../shared/storage/storage.ts";
import { interruptRequests } from "./interrupt-requests.ts";
import type { LineProcess, LineWorld } from "./line-world.ts";

export type Grant = Awaited<ReturnType<LineProcess["locks"]["acquire"]>>;

interface Asked {
  readonly contenderId?: string;
  readonly mode?: LockMode;
  readonly waitMs?: number;
  readonly keepPlace?: boolean;
  readonly signal?: AbortSignal;
}

/** Waits, unless it is told otherwise. */
export function acquire({ locks }: LineProcess, context: CallContext, asked: Asked = {}): Promise<Grant> {
  return locks.acquire(context, "jobs", { mode: "write", waitMs: 20_000, ...asked });
}

export function release({ locks }: LineProcess, context: CallContext, contenderId?: string): Promise<void> {
  return locks.release(context, "jobs", contenderId === undefined ? {} : { contenderId });
}

/** Holds up requests of a process: `next` resolves when one is asked for, which is sent when it is let go. */
export function hold(requestName: "logs.putIfAbsent" | "logs.readFrom"): {
  readonly wrap: (storage: Storage) => Storage;
  readonly next: () => Promise<{ readonly letGo: () => void }>;
} {
  let onRequest: ((held: { readonly letGo: () => void }) => void) | undefined;
  const wrap = (storage: Storage): Storage =>
    interruptRequests(storage, async ({ name, send }) => {
      const tell = onRequest;
      if (name !== requestName || tell === undefined) return await send();
      onRequest = undefined;
      await new Promise<void>((resolve) => tell({ letGo: resolve }));
      return await send();
    });
  const next = (): Promise<{ readonly letGo: () => void }> =>
    new Promise((resolve) => {
      onRequest = resolve;
    });
  return { wrap, next };
}

/** Of the line. */
export const parent = "/locks/jobs";

/** Someone who holds the lock. */
export async function holder(world: LineWorld): Promise<{ readonly release: () => Promise<void> }> {
  const context = await world.session();
  await acquire(world.observer, context, { contenderId: "holder" });
  return { release: () => release(world.observer, context, "holder") };
}
