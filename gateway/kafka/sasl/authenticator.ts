/**
 * How one connection proves who it is:
 *
 *     handshake(mechanism) ──► authenticate(message) ─(SCRAM: once more)─► authenticated
 *
 * An authenticated connection may do so again, as the same user. One that failed is to be closed.
 */
import type { KnownCredentials, PasswordCheck } from "./password-check.ts";
import { parsePlain } from "./plain.ts";
import { challengeClient, checkProof, type ScramChallenge } from "./scram-exchange.ts";
import { type ScramMechanism, scramMechanismNames } from "./scram-mechanism.ts";

export type SaslMechanism = "PLAIN" | ScramMechanism;

/** In the order in which they are offered. */
export const saslMechanisms: readonly SaslMechanism[] = ["PLAIN", ...scramMechanismNames];

type Step =
  | { readonly kind: "initial" }
  | { readonly kind: "chosen"; readonly mechanism: SaslMechanism }
  | { readonly kind: "challenged"; readonly challenge: ScramChallenge }
  | { readonly kind: "checking" }
  | { readonly kind: "authenticated" }
  | { readonly kind: "failed" };

export type AuthenticateResult =
  | { readonly kind: "challenge"; readonly answer: Uint8Array }
  | { readonly kind: "authenticated"; readonly answer: Uint8Array; readonly principal: string }
  /** Also where the user exists and may not; which of it is told to nobody. */
  | { readonly kind: "failed"; readonly message: string }
  /** Not the message that is due. */
  | { readonly kind: "illegal" };

export type HandshakeResult = "chosen" | "unsupported" | "illegal";

export interface SaslServer {
  readonly known: KnownCredentials;
  readonly passwords: PasswordCheck;
  /** Random, printable, without commas: 22 characters of base64url or more. */
  readonly nonce: () => string;
}

const nothing = new Uint8Array();
/** For every reason alike. */
const refusal = "Authentication failed due to invalid credentials";

export class Authenticator {
  readonly #server: SaslServer;
  #step: Step = { kind: "initial" };
  #principal: string | undefined;

  constructor(server: SaslServer) {
    this.#server = server;
  }

  /** Such as `User:alice`; undefined until it is proven, and once a later proof failed. */
  get principal(): string | undefined {
    return this.#principal;
  }

  handshake(name: string): HandshakeResult {
    if (this.#step.kind !== "initial" && this.#step.kind !== "authenticated") return "illegal";
    const mechanism = saslMechanisms.find((known) => known === name);
    if (mechanism === undefined) {
      this.#fail();
      return "unsupported";
    }
    this.#step = { kind: "chosen", mechanism };
    return "chosen";
  }

  async authenticate(message: Uint8Array): Promise<AuthenticateResult> {
    const step = this.#step;
    // One message at a time: what follows is read once this is answered.
    this.#step = { kind: "checking" };
    switch (step.kind) {
      case "chosen":
        return step.mechanism === "PLAIN" ? await this.#plain(message) : this.#challenge(step.mechanism, message);
      case "challenged": {
        const result = checkProof(step.challenge, message);
        return result.kind === "refused" ? this.#fail() : this.#succeed(result.username, result.answer);
      }
      default:
        this.#fail();
        return { kind: "illegal" };
    }
  }

  #challenge(mechanism: ScramMechanism, message: Uint8Array): AuthenticateResult {
    const { known, nonce } = this.#server;
    const result = challengeClient({
      mechanism,
      message,
      serverNonce: nonce(),
      find: (username) => known.find(mechanism, username),
      unknownSecret: known.unknownSecret,
    });
    if (result.kind === "refused") return this.#fail();
    this.#step = { kind: "challenged", challenge: result.challenge };
    return { kind: "challenge", answer: result.answer };
  }

  async #plain(message: Uint8Array): Promise<AuthenticateResult> {
    const login = parsePlain(message);
    if (login === undefined) return this.#fail();
    const result = await this.#server.passwords.check(login, this.#server.known);
    if (result === "busy") return this.#fail("Too many others authenticate: try again");
    return result ? this.#succeed(login.username, nothing) : this.#fail();
  }

  #succeed(username: string, answer: Uint8Array): AuthenticateResult {
    const principal = `User:${username}`;
    // A connection never changes hands.
    if (this.#principal !== undefined && this.#principal !== principal) return this.#fail();
    this.#principal = principal;
    this.#step = { kind: "authenticated" };
    return { kind: "authenticated", answer, principal };
  }

  #fail(message = refusal): AuthenticateResult {
    this.#principal = undefined;
    this.#step = { kind: "failed" };
    return { kind: "failed", message };
  }
}
