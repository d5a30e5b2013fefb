/** Checks passwords against SCRAM credentials, so that none is ever kept; a few at a time, each on another thread. */
import { timingSafeEqual } from "node:crypto";
import { passwordChecksAtOnceMax, passwordChecksWaitingMax } from "../../../shared/limits/kafka-security.ts";
import type { PlainLogin } from "./plain.ts";
import { credentialOf, saltPassword, type ScramCredential } from "./scram-credential.ts";
import { unknownCredential } from "./scram-exchange.ts";
import { type ScramMechanism, scramMechanismNames } from "./scram-mechanism.ts";

export interface KnownCredentials {
  readonly find: (mechanism: ScramMechanism, username: string) => ScramCredential | undefined;
  readonly unknownSecret: Uint8Array;
}

export class PasswordCheck {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Whether the password is the user's. Names that nobody has take as long as others.
   *
   * @returns "busy" if too many others wait already
   */
  async check({ username, password }: PlainLogin, known: KnownCredentials): Promise<boolean | "busy"> {
    const mechanism = scramMechanismNames.find((name) => known.find(name, username) !== undefined);
    const found = mechanism === undefined ? undefined : known.find(mechanism, username);
    const by = mechanism ?? "SCRAM-SHA-256";
    const credential = found ?? unknownCredential(by, username, known.unknownSecret);
    if (!(await this.#enter())) return "busy";
    try {
      const salted = await saltPassword(by, password, credential);
      const isRight = timingSafeEqual(credentialOf(by, salted, credential).storedKey, credential.storedKey);
      return isRight && found !== undefined;
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<boolean> {
    if (this.#running < passwordChecksAtOnceMax) {
      this.#running += 1;
      return true;
    }
    if (this.#waiting.length >= passwordChecksWaitingMax) return false;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return true;
  }

  /** The next one takes the place over. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}
