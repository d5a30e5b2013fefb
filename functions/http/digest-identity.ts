/** Who has proven to be whom by a user and a password, as ZooKeeper's scheme `digest` has it. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Identity } from "../../shared/tree/acl.ts";

/** `user:base64(SHA-1(credentials))`. @param credentials `user:password`; without a colon all of it is the user */
export function digestIdOf(credentials: string): string {
  const [user = ""] = credentials.split(":", 1);
  return `${user}:${createHash("sha1").update(credentials, "utf8").digest("base64")}`;
}

/** The digest, and the superuser if it is that one's. */
export function identitiesOfDigest(id: string, superDigest: string | undefined): readonly Identity[] {
  const digest = { scheme: "digest", id };
  return superDigest !== undefined && sameText(id, superDigest) ? [digest, { scheme: "super", id: "" }] : [digest];
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
