import { failedAuthenticationDelayMs } from "../../../shared/limits/kafka-security.ts";
import type { Handler, RequestContext } from "../handler.ts";
import type { saslAuthenticate } from "../protocol/apis/sasl-authenticate.ts";
import { securityError } from "../security/security-errors.ts";

export const handleSaslAuthenticate: Handler<typeof saslAuthenticate> = async ({ authBytes }, context) => {
  const result = await authenticate(authBytes, context);
  if (result.kind === "answer") return { errorCode: securityError.NONE, authBytes: result.bytes };
  context.endConnection();
  const { errorCode, errorMessage } = result;
  return { errorCode, errorMessage, authBytes: new Uint8Array() };
};

export type TokenResult =
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | { readonly kind: "failed"; readonly errorCode: number; readonly errorMessage: string };

type TokenContext = Pick<RequestContext, "gateway" | "peer" | "signal">;

/** Takes a message of the mechanism that was agreed on; who fails waits, so that guessing takes its time. */
export async function authenticate(token: Uint8Array, { gateway, peer, signal }: TokenContext): Promise<TokenResult> {
  const { security, timers } = gateway;
  const result = await security.authenticatorOf(peer).authenticate(token);
  switch (result.kind) {
    case "challenge":
      return { kind: "answer", bytes: result.answer };
    case "authenticated":
      peer.principal = result.principal;
      peer.isAuthenticated = true;
      peer.sendsTokens = false;
      return { kind: "answer", bytes: result.answer };
    case "failed":
      await timers.sleep(failedAuthenticationDelayMs, signal).catch(() => undefined);
      return {
        kind: "failed",
        errorCode: securityError.SASL_AUTHENTICATION_FAILED,
        errorMessage: result.message,
      };
    case "illegal":
      return {
        kind: "failed",
        errorCode: securityError.ILLEGAL_SASL_STATE,
        errorMessage: "SaslAuthenticate comes after SaslHandshake, and once at a time",
      };
  }
}
