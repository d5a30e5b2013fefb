/** The SCRAM mechanisms that Kafka has (RFC 5802, RFC 7677), by their names. */
import { createHash, createHmac } from "node:crypto";

export type ScramMechanism = "SCRAM-SHA-256" | "SCRAM-SHA-512";

interface MechanismFacts {
  readonly digest: "sha256" | "sha512";
  readonly hashBytes: number;
  /** How Kafka's requests name it. */
  readonly type: number;
}

export const scramMechanisms: Readonly<Record<ScramMechanism, MechanismFacts>> = {
  "SCRAM-SHA-256": { digest: "sha256", hashBytes: 32, type: 1 },
  "SCRAM-SHA-512": { digest: "sha512", hashBytes: 64, type: 2 },
};

export const scramMechanismNames = Object.keys(scramMechanisms) as readonly ScramMechanism[];

/** The mechanism of a number in Kafka's requests (`ScramMechanism.type`); undefined for another number. */
export function scramMechanismOf(type: number): ScramMechanism | undefined {
  return scramMechanismNames.find((name) => scramMechanisms[name].type === type);
}

export function hmacOf(mechanism: ScramMechanism, key: Uint8Array, data: string | Uint8Array): Uint8Array {
  return createHmac(scramMechanisms[mechanism].digest, key).update(data).digest();
}

export function hashOf(mechanism: ScramMechanism, data: Uint8Array): Uint8Array {
  return createHash(scramMechanisms[mechanism].digest).update(data).digest();
}
