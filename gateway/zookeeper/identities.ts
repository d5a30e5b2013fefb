/** Who a connection says that it is: `auth` packets, by scheme. */
import { digestIdOf, identitiesOfDigest } from "../../functions/http/digest-identity.ts";
import { aclTextCharsMax } from "../../shared/limits.ts";
import { identitiesMax } from "../../shared/limits/zookeeper-gateway.ts";
import type { Identity } from "../../shared/tree/acl.ts";

export interface AuthSettings {
  /** `user:base64(SHA-1(user:password))` of who may do everything (`zookeeper.DigestAuthenticationProvider.superDigest`). */
  readonly superDigest?: string | undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** With what an `auth` packet proves; undefined where it proves nothing, which ends the connection. */
export function identitiesAfterAuth(
  known: readonly Identity[],
  scheme: string,
  auth: Uint8Array | null,
  { superDigest }: AuthSettings,
): readonly Identity[] | undefined {
  // An address is known without being told.
  if (scheme === "ip") return known;
  if (scheme !== "digest") return undefined;
  const id = provenDigest(auth);
  if (id === undefined) return undefined;
  const added = identitiesOfDigest(id, superDigest);
  const isKnown = (one: Identity): boolean => known.some((other) => other.scheme === one.scheme && other.id === one.id);
  const identities = [...known, ...added.filter((one) => !isKnown(one))];
  return identities.length > identitiesMax ? undefined : identities;
}

function provenDigest(auth: Uint8Array | null): string | undefined {
  if (auth === null) return undefined;
  let credentials: string;
  try {
    credentials = utf8.decode(auth);
  } catch {
    return undefined;
  }
  const id = digestIdOf(credentials);
  return id.length > aclTextCharsMax ? undefined : id;
}
