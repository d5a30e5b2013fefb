/**
 * Who may do everything with znodes on a server of one's own whose users are guarded: the password is in a file of its data folder,
 * so that whoever can read the data can make the first user, and nobody else on the machine.
 */
import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DigestAuth } from "../client/index.ts";
import { accessFromEnvironment } from "../functions/access.ts";
import type { AccessSettings } from "../functions/http/caller.ts";
import { digestIdOf } from "../functions/http/digest-identity.ts";
import { CommandError } from "./command-error.ts";

const fileName = "superuser";
const userName = "superuser";
const passwordBytes = 24;
const ownerOnly = 0o600;

/** What the environment says of access. @throws CommandError where that is no superDigest, by which nobody would be the superuser */
export function accessOfProcess(): AccessSettings {
  const access = accessFromEnvironment();
  const problem = findSuperDigestProblem(access.superDigest);
  if (problem !== undefined) throw new CommandError(`STREAMKEEPER_SUPER_DIGEST ${problem}`);
  return access;
}

/** Undefined for one that could be somebody's, and for none. */
export function findSuperDigestProblem(superDigest: string | undefined): string | undefined {
  if (superDigest === undefined || /^[^:\s]+:[A-Za-z0-9+/]{27}=$/.test(superDigest)) return undefined;
  return "is to be user:digest, where the digest is base64 of the SHA-1 of user:password";
}

/** With the superuser of the data folder, who is made there if there is none; the environment's comes first. */
export async function withSuperuser(access: AccessSettings, dataFolder: string): Promise<AccessSettings> {
  if (access.superDigest !== undefined) return access;
  const { user, password } = (await superuserOf(dataFolder)) ?? (await makeSuperuser(dataFolder));
  return { ...access, superDigest: digestIdOf(`${user}:${password}`) };
}

/** Undefined where there is no such file, or it cannot be read. */
export async function superuserOf(dataFolder: string): Promise<DigestAuth | undefined> {
  try {
    const password = (await readFile(join(dataFolder, fileName), "utf8")).trim();
    return password === "" ? undefined : { user: userName, password };
  } catch {
    return undefined;
  }
}

async function makeSuperuser(dataFolder: string): Promise<DigestAuth> {
  const password = randomBytes(passwordBytes).toString("base64url");
  await writeFile(join(dataFolder, fileName), `${password}\n`, { mode: ownerOnly });
  return { user: userName, password };
}
