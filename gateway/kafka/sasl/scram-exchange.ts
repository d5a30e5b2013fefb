/**
 * The server's side of SCRAM (RFC 5802, RFC 7677):
 *
 *     client-first ──► challenge: salt, iterations, both nonces ──► client-final: proof ──► server's signature
 *
 * Pure: the server's nonce and what is known of users come from outside. A name that nobody has gets a challenge like
 * everybody, always the same for that name, and is refused where a wrong password is, so that nobody learns who is a user.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { scramIterationsDefault, scramSaltBytesDefault } from "../../../shared/limits/kafka-security.ts";
import { parseClientFinal, parseClientFirst } from "./scram-messages.ts";
import type { ScramCredential } from "./scram-credential.ts";
import { hashOf, hmacOf, type ScramMechanism, scramMechanisms } from "./scram-mechanism.ts";

/** What is remembered between the two messages of a client. */
export interface ScramChallenge {
  readonly mechanism: ScramMechanism;
  readonly username: string;
  readonly credential: ScramCredential;
  /** False: nobody has that name, and no proof is good enough. */
  readonly isKnown: boolean;
  readonly gs2Header: string;
  readonly nonce: string;
  /** What of the first two messages is signed. */
  readonly signed: string;
}

export type ScramFirstResult =
  | { readonly kind: "challenge"; readonly answer: Uint8Array; readonly challenge: ScramChallenge }
  | { readonly kind: "refused" };

export type ScramFinalResult =
  | { readonly kind: "authenticated"; readonly answer: Uint8Array; readonly username: string }
  | { readonly kind: "refused" };

export interface ScramFirstInputs {
  readonly mechanism: ScramMechanism;
  readonly message: Uint8Array;
  /** Random, printable, without commas. */
  readonly serverNonce: string;
  readonly find: (username: string) => ScramCredential | undefined;
  /** Makes the salts of those that nobody knows; to be kept secret, and to stay the same. */
  readonly unknownSecret: Uint8Array;
}

/** Answers the client's first message. */
export function challengeClient(inputs: ScramFirstInputs): ScramFirstResult {
  const { mechanism, message, serverNonce, find, unknownSecret } = inputs;
  const first = parseClientFirst(message);
  if (first === undefined) return { kind: "refused" };
  const { username, authorizationId, gs2Header, bare } = first;
  // Kafka too lets nobody act as somebody else.
  if (authorizationId !== undefined && authorizationId !== username) return { kind: "refused" };
  const found = find(username);
  const credential = found ?? unknownCredential(mechanism, username, unknownSecret);
  const nonce = first.nonce + serverNonce;
  const salt = Buffer.from(credential.salt).toString("base64");
  const answer = `r=${nonce},s=${salt},i=${credential.iterations}`;
  return {
    kind: "challenge",
    answer: Buffer.from(answer),
    challenge: {
      mechanism,
      username,
      credential,
      isKnown: found !== undefined,
      gs2Header,
      nonce,
      signed: `${bare},${answer}`,
    },
  };
}

/** Checks the client's proof, and proves that the server knows the credential. */
export function checkProof(challenge: ScramChallenge, message: Uint8Array): ScramFinalResult {
  const { mechanism, credential, username, isKnown, gs2Header, nonce, signed } = challenge;
  const final = parseClientFinal(message);
  // librdkafka before 2.6.1 puts its own nonce before it once more, which Kafka allowed before 4.0; the proof is about what
  // was sent in any case.
  if (final === undefined || !final.nonce.endsWith(nonce)) return { kind: "refused" };
  if (Buffer.from(final.channelBinding).toString("latin1") !== Buffer.from(gs2Header).toString("latin1")) {
    return { kind: "refused" };
  }
  if (final.proof.length !== scramMechanisms[mechanism].hashBytes) return { kind: "refused" };
  const authMessage = `${signed},${final.withoutProof}`;
  const clientSignature = hmacOf(mechanism, credential.storedKey, authMessage);
  const clientKey = final.proof.map((byte, index) => byte ^ (clientSignature[index] ?? 0));
  const isProven = timingSafeEqual(hashOf(mechanism, clientKey), credential.storedKey);
  if (!isProven || !isKnown) return { kind: "refused" };
  const signature = Buffer.from(hmacOf(mechanism, credential.serverKey, authMessage)).toString("base64");
  return { kind: "authenticated", answer: Buffer.from(`v=${signature}`), username };
}

/** What stands for the credential of a name that nobody has. */
export function unknownCredential(
  mechanism: ScramMechanism,
  username: string,
  unknownSecret: Uint8Array,
): ScramCredential {
  const { hashBytes } = scramMechanisms[mechanism];
  const seed = createHmac("sha512", unknownSecret).update(`${mechanism}\0${username}`).digest();
  const storedKey = seed.subarray(0, hashBytes);
  const salt = createHmac("sha256", unknownSecret).update(seed).digest().subarray(0, scramSaltBytesDefault);
  return { salt, storedKey, serverKey: storedKey, iterations: scramIterationsDefault };
}
