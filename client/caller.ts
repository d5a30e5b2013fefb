/** Who a command is sent as: under a session, and with proofs for access control lists. */
import { authHeader, sessionHeader } from "../shared/api/routes.ts";
import type { CommandDefaults } from "./command.ts";
import type { DigestAuth } from "./digest-auth.ts";

/** Names a session, and proves that it is the caller's. */
export interface SessionCredentials {
  readonly sessionId: string;
  /** As the service gave it. */
  readonly password: string;
}

/** What every command of coordination takes. */
export interface CallerInput {
  readonly namespace?: string | undefined;
  readonly session?: SessionCredentials | undefined;
  /** In place of the client's. */
  readonly auth?: readonly DigestAuth[] | undefined;
}

export function callerHeaders(
  { session, auth }: CallerInput,
  defaults: CommandDefaults,
): Readonly<Record<string, string>> {
  const proofs = (auth ?? defaults.auth ?? []).map(
    ({ user, password }) => `digest ${Buffer.from(`${user}:${password}`).toString("base64")}`,
  );
  return {
    ...(session === undefined ? {} : { [sessionHeader]: `${session.sessionId}:${session.password}` }),
    ...(proofs.length === 0 ? {} : { [authHeader]: proofs.join(", ") }),
  };
}
