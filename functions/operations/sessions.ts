import { operations } from "../../shared/api/operations/sessions.ts";
import type { SessionCredentials } from "../../shared/services/coordination.ts";
import type { Services } from "../../shared/services/services.ts";
import { ownSession } from "../http/caller.ts";
import { serving } from "../http/operation.ts";
import type { ServedOperation } from "../http/operation.ts";

const { jsonOperation } = serving(operations);

/** Opening sessions, keeping them alive, and closing them. */
export function sessionsOperations({ sessions }: Pick<Services, "sessions">): readonly ServedOperation[] {
  return [
    jsonOperation("createSession", async ({ params, body }) => {
      const { sessionId, password, timeoutMs } = await sessions.create(params.namespace, body);
      return { sessionId: sessionId.toString(), password: Buffer.from(password).toString("base64url"), timeoutMs };
    }),
    jsonOperation("describeSession", async ({ params, routed }) => {
      const session = ownSession(routed, params.sessionId);
      const { timeoutMs, ephemerals, zxid } = await sessions.describe(params.namespace, session);
      return { ...named(session), timeoutMs, ephemerals: [...ephemerals], zxid };
    }),
    jsonOperation("heartbeat", async ({ params, routed }) => {
      const session = ownSession(routed, params.sessionId);
      const { timeoutMs } = await sessions.heartbeat(params.namespace, session);
      return { ...named(session), timeoutMs };
    }),
    jsonOperation("closeSession", async ({ params, routed }) => {
      const { zxid } = await sessions.close(params.namespace, ownSession(routed, params.sessionId));
      return { zxid };
    }),
  ];
}

function named({ sessionId }: SessionCredentials): { readonly sessionId: string } {
  return { sessionId: sessionId.toString() };
}
