/**
 * What a client sends in a SCRAM exchange (RFC 5802, section 7):
 *
 *     client-first-message = gs2-cbind-flag "," [ "a=" saslname ] "," [ "m=" ... "," ] "n=" saslname "," "r=" c-nonce ["," extensions]
 *     client-final-message = "c=" base64 "," "r=" nonce ["," extensions] "," "p=" base64
 */
import { saslMessageBytesMax, userNameCharsMax } from "../../../shared/limits/kafka-security.ts";
import { bytesOf } from "./scram-credential.ts";

export interface ClientFirst {
  /** As it was sent: the client repeats it in its last message. */
  readonly gs2Header: string;
  readonly username: string;
  /** Whom the client wants to act as; undefined where it does not say. */
  readonly authorizationId: string | undefined;
  readonly nonce: string;
  /** The part that is signed. */
  readonly bare: string;
}

export interface ClientFinal {
  /** Gs2 header of the first message. */
  readonly channelBinding: Uint8Array;
  readonly nonce: string;
  /** The part that is signed. */
  readonly withoutProof: string;
  readonly proof: Uint8Array;
}

/** Undefined for what is no such message, or needs what this server does not have: channel binding, mandatory extensions. */
export function parseClientFirst(message: Uint8Array): ClientFirst | undefined {
  const matched = /^([ny],(?:a=([^,]+))?,)(n=([^,]+),r=([!-+\--~]+)(?:,[A-Za-z]+=[^,]*)*)$/s.exec(textOf(message));
  if (matched === null) return undefined;
  const [, gs2Header = "", authorization, bare = "", name = "", nonce = ""] = matched;
  const username = saslName(name);
  const authorizationId = authorization === undefined ? undefined : saslName(authorization);
  if (username === undefined || (authorization !== undefined && authorizationId === undefined)) return undefined;
  return { gs2Header, username, authorizationId, nonce, bare };
}

/** Undefined for what is no such message. */
export function parseClientFinal(message: Uint8Array): ClientFinal | undefined {
  const matched = /^(c=([^,]+),r=([!-+\--~]+)(?:,[A-Za-z]+=[^,]*)*),p=([^,]+)$/s.exec(textOf(message));
  if (matched === null) return undefined;
  const [, withoutProof = "", binding, nonce = "", sentProof] = matched;
  const channelBinding = bytesOf(binding);
  const proof = bytesOf(sentProof);
  return channelBinding === undefined || proof === undefined
    ? undefined
    : { channelBinding, nonce, withoutProof, proof };
}

/** A name, whose commas are `=2C` and whose equals signs are `=3D`; undefined for one that is not so, or too long. */
function saslName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  const name = text.replaceAll("=2C", ",").replaceAll("=3D", "=");
  return name.length <= userNameCharsMax && !name.includes("\0") ? name : undefined;
}

/** Empty, which is no message, for what is too long or not UTF-8. */
function textOf(message: Uint8Array): string {
  if (message.length > saslMessageBytesMax) return "";
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message);
  } catch {
    return "";
  }
}
