/** What a server keeps of a password: enough to check it, too little to be it (RFC 5802, section 3). */
import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { scramIterationsMax, scramIterationsMin, scramSaltBytesMax } from "../../../shared/limits/kafka-security.ts";
import { hashOf, hmacOf, type ScramMechanism, scramMechanisms } from "./scram-mechanism.ts";

export interface ScramCredential {
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
  readonly iterations: number;
}

const derive = promisify(pbkdf2);

/** PBKDF2 of a password, on another thread. Passwords are taken as they are, as Kafka does (no SASLprep). */
export async function saltPassword(
  mechanism: ScramMechanism,
  password: string,
  { salt, iterations }: Pick<ScramCredential, "salt" | "iterations">,
): Promise<Uint8Array> {
  const { digest, hashBytes } = scramMechanisms[mechanism];
  return await derive(Buffer.from(password, "utf8"), salt, iterations, hashBytes, digest);
}

/** The credential of a password that was salted already. */
export function credentialOf(
  mechanism: ScramMechanism,
  saltedPassword: Uint8Array,
  { salt, iterations }: Pick<ScramCredential, "salt" | "iterations">,
): ScramCredential {
  return {
    salt,
    iterations,
    storedKey: hashOf(mechanism, hmacOf(mechanism, saltedPassword, "Client Key")),
    serverKey: hmacOf(mechanism, saltedPassword, "Server Key"),
  };
}

/** As Kafka keeps it (`ScramCredentialUtils.credentialToString`). */
export function formatCredential({ salt, storedKey, serverKey, iterations }: ScramCredential): string {
  return `salt=${base64(salt)},stored_key=${base64(storedKey)},server_key=${base64(serverKey)},iterations=${iterations}`;
}

/** Reads what `formatCredential` or Kafka wrote; undefined for anything else. */
export function parseCredential(mechanism: ScramMechanism, text: string): ScramCredential | undefined {
  const fields = new Map(text.split(",", 5).map((field) => splitOnce(field)));
  const salt = bytesOf(fields.get("salt"));
  const storedKey = bytesOf(fields.get("stored_key"));
  const serverKey = bytesOf(fields.get("server_key"));
  const iterations = Number(fields.get("iterations"));
  if (fields.size !== 4 || salt === undefined || storedKey === undefined || serverKey === undefined) return undefined;
  const { hashBytes } = scramMechanisms[mechanism];
  if (storedKey.length !== hashBytes || serverKey.length !== hashBytes) return undefined;
  return isAcceptable({ salt, iterations }) ? { salt, storedKey, serverKey, iterations } : undefined;
}

/** Whether a salt and a number of rounds are within what this server works with. */
export function isAcceptable({ salt, iterations }: Pick<ScramCredential, "salt" | "iterations">): boolean {
  if (salt.length < 1 || salt.length > scramSaltBytesMax) return false;
  return Number.isInteger(iterations) && iterations >= scramIterationsMin && iterations <= scramIterationsMax;
}

function splitOnce(field: string): readonly [string, string] {
  const at = field.indexOf("=");
  return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

/** Node skips what is no base64; here it is an error. */
export function bytesOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined || text === "" || text.length % 4 !== 0) return undefined;
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined;
}
