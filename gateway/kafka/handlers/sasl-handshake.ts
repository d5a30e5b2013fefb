import type { Handler } from "../handler.ts";
import type { saslHandshake } from "../protocol/apis/sasl-handshake.ts";
import { saslMechanisms } from "../sasl/authenticator.ts";
import { securityError } from "../security/security-errors.ts";

const lastWithoutRequests = 0;

export const handleSaslHandshake: Handler<typeof saslHandshake> = ({ mechanism }, context) => {
  const { security } = context.gateway;
  const mechanisms = saslMechanisms;
  // Where nobody has to say who they are, nobody can.
  if (!security.options.sasl) return { errorCode: securityError.ILLEGAL_SASL_STATE, mechanisms };
  const chosen = security.authenticatorOf(context.peer).handshake(mechanism);
  if (chosen === "chosen") {
    context.peer.sendsTokens = context.apiVersion === lastWithoutRequests;
    return { errorCode: securityError.NONE, mechanisms };
  }
  context.endConnection();
  const errorCode = chosen === "illegal" ? securityError.ILLEGAL_SASL_STATE : securityError.UNSUPPORTED_SASL_MECHANISM;
  return { errorCode, mechanisms };
};
