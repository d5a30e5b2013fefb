/** Counts what passes a gate against quotas: the answer says how long the client has to wait, and its connection does. */
import type { Answer } from "../handler.ts";
import type { Gate } from "./gate.ts";
import type { QuotaKey } from "./quotas.ts";

const typePrefix = "User:";

/** A gate whose requests or answers are counted. @param bytesOf of a call and its answer */
export function counted<A>(
  key: QuotaKey,
  bytesOf: (request: Parameters<Gate<A>>[0]["request"], answer: Answer<A>) => number,
  withThrottle: (answer: NonNullable<Answer<A>>, throttleTimeMs: number) => Answer<A>,
  pass: Gate<A>,
): Gate<A> {
  return async (call) => {
    const answer = await pass(call);
    const { gateway, peer, clientId, mute } = call.context;
    const user = peer.principal.slice(typePrefix.length);
    const waitMs = gateway.security.use(key, () => bytesOf(call.request, answer), user, clientId);
    if (waitMs <= 0) return answer;
    mute(waitMs);
    return answer === undefined ? undefined : withThrottle(answer, waitMs);
  };
}
