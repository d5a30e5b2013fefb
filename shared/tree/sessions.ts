/** Sessions as a tree has them: opened and closed by transactions. Whether one is still alive its lease says. */
import type { SessionProof } from "./tree-request.ts";
import type { ZnodeView } from "./znode-tree.ts";

/** Says no more than that: who guesses learns nothing. */
export const sessionExpiredMessage = "there is no such session, it has expired, or the password is another";

export const sessionMovedMessage = "the session is served elsewhere by now";

export function isOpenSession(view: Pick<ZnodeView, "session">, { sessionId, password }: SessionProof): boolean {
  const session = view.session(sessionId);
  return session !== undefined && (password === undefined || samePassword(session.password, password));
}

/** Takes as long for any two passwords of the same length. */
function samePassword(one: Uint8Array, other: Uint8Array): boolean {
  let differing = one.length ^ other.length;
  one.forEach((byte, index) => (differing |= byte ^ (other[index] ?? 0)));
  return differing === 0;
}

/** For a caller that says it has a session, or does not. */
export function openSessionProblem(
  view: Pick<ZnodeView, "session">,
  proof: SessionProof | undefined,
): { readonly code: "SESSION_EXPIRED" | "SESSION_MOVED"; readonly message: string } | undefined {
  if (proof === undefined) return undefined;
  if (!isOpenSession(view, proof)) return { code: "SESSION_EXPIRED", message: sessionExpiredMessage };
  const owner = view.session(proof.sessionId)?.owner;
  const isMoved = proof.owner !== undefined && owner !== undefined && owner !== proof.owner;
  return isMoved ? { code: "SESSION_MOVED", message: sessionMovedMessage } : undefined;
}
