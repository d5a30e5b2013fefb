/** SASL PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`, in UTF-8. */
import { saslMessageBytesMax, userNameCharsMax } from "../../../shared/limits/kafka-security.ts";

export interface PlainLogin {
  readonly username: string;
  readonly password: string;
}

/** Undefined for what is no such message, or asks to act as somebody else than it proves to be. */
export function parsePlain(message: Uint8Array): PlainLogin | undefined {
  if (message.length > saslMessageBytesMax) return undefined;
  const parts = textOf(message).split("\0", 4);
  const [authorizationId, username, password] = parts;
  if (parts.length !== 3 || authorizationId === undefined || username === undefined || password === undefined) {
    return undefined;
  }
  if (username === "" || username.length > userNameCharsMax || password === "") return undefined;
  return authorizationId === "" || authorizationId === username ? { username, password } : undefined;
}

/** Empty, which is no message, for what is not UTF-8. */
function textOf(message: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message);
  } catch {
    return "";
  }
}
