/**
 * What stands before the handler of every API: it lets through what the client may do, and answers the rest. An API without a
 * gate is refused wherever access control lists are in force.
 */
import type { Answer, ApiEntry, RequestContext } from "../handler.ts";
import type { Api, RequestOf } from "../protocol/api.ts";
import type { Fields } from "../protocol/schema.ts";
import type { Access } from "./gateway-security.ts";

export interface GatedCall<A> {
  readonly request: RequestOf<A>;
  readonly context: RequestContext;
  readonly access: Access;
  /** The handler, with all or a part of the request. */
  readonly next: (request: RequestOf<A>) => Promise<Answer<A>>;
}

export type Gate<A> = (call: GatedCall<A>) => Promise<Answer<A>>;

export type Gates = ReadonlyMap<number, Gate<Api>>;

export interface GateEntry {
  readonly key: number;
  readonly pass: Gate<Api>;
}

export function gate<Request extends Fields, Response extends Fields>(
  api: Api<Request, Response>,
  pass: Gate<Api<Request, Response>>,
): GateEntry {
  // What the gate is called with is what its own table reads.
  return { key: api.key, pass };
}

/** Of an API that everybody may call. @param _why what it tells or does that needs no permission */
export function openGate(api: Api, _why: string): GateEntry {
  return { key: api.key, pass: ({ request, next }) => next(request) };
}

/** The API behind its gate. */
export function guarded(served: ApiEntry, gates: Gates): ApiEntry {
  const { api, handle } = served;
  const pass = gates.get(api.key);
  return {
    ...served,
    handle: (request, context) => {
      const { security } = context.gateway;
      const next = async (allowed: RequestOf<Api>): Promise<Answer<Api>> => handle(allowed, context);
      if (pass !== undefined) return pass({ request, context, access: security.accessOf(context.peer), next });
      if (security.hasAcls) throw new Error(`${api.name} does not say who may call it`);
      return next(request);
    },
  };
}

/** What is allowed, and what is not; where nothing is refused the array itself. */
export function split<Item>(
  items: readonly Item[],
  mayPass: (item: Item) => boolean,
): { readonly allowed: readonly Item[]; readonly refused: readonly Item[] } {
  const refused = items.filter((item) => !mayPass(item));
  if (refused.length === 0) return { allowed: items, refused };
  const out = new Set(refused);
  return { allowed: items.filter((item) => !out.has(item)), refused };
}
