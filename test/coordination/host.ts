import type { CallContext, SessionCredentials } from "../../shared/services/coordination.ts";
import type { Services } from "../../shared/services/services.ts";
import type { Identity } from "../../shared/tree/acl.ts";

/** Two processes on one store. */
export interface Host {
  readonly services: Services;
  /** The services of another process on the same store. */
  readonly other: Services;
  close(): Promise<void>;
}

export const anyone: CallContext = { namespace: "default", identities: [{ scheme: "ip", id: "10.0.0.1" }] };
export const as = (...identities: readonly Identity[]): CallContext => ({ ...anyone, identities });
export const under = (session: SessionCredentials): CallContext => ({ ...anyone, session });

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (data: Uint8Array | null): string | null => (data === null ? null : new TextDecoder().decode(data));

export const create = (path: string, data = "", mode: "persistent" | "ephemeral" | "container" = "persistent") => ({
  path,
  data: bytes(data),
  mode,
});

let names = 0;

/** Never given before. */
export function newName(kind: string): string {
  names += 1;
  return `${kind}-${names}`;
}

/** A znode of its own for a test. */
export async function newBase({ services }: Host): Promise<string> {
  const path = `/${newName("case")}`;
  await services.znodes.create(anyone, { path, data: null, mode: "persistent" });
  return path;
}
