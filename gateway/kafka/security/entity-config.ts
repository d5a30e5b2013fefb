/**
 * Users' and clients' settings, in the znodes that Kafka keeps them in (`ConfigEntityZNode`, `Sanitizer`):
 *
 *     /config/users/<user>                     credentials, and quotas of the user
 *     /config/users/<user>/clients/<client>    quotas of the user's client
 *     /config/clients/<client>                 quotas of a client, whoever uses it
 *
 * each `{"version":1,"config":{"<key>":"<value>"}}`. `<default>` in the place of a name stands for those that have no znode.
 */
import { clientsPath, usersPath } from "../../../shared/topics/security-znodes.ts";
import { type AclList, permission } from "../../../shared/tree/acl.ts";

export type EntityConfig = Readonly<Record<string, string>>;

/** Undefined as a part: not part of the entity; null: the default of all. */
export interface QuotaEntity {
  readonly user?: string | null;
  readonly clientId?: string | null;
}

const defaultName = "<default>";

/**
 * Written by whoever may write there, read by the gateways alone: with what a credential holds passwords can be guessed
 * offline. The digest is none that any password has, so that only the service itself and a superuser have what it grants.
 */
export const credentialAcl: AclList = [
  { permissions: permission.write | permission.create | permission.delete, scheme: "world", id: "anyone" },
  { permissions: permission.all, scheme: "digest", id: "kafka:x" },
];

/** A name as part of a path (`Sanitizer.sanitize`): as in a URL, with asterisks too. */
function sanitizeName(name: string): string {
  return encodeURIComponent(name).replaceAll(/[!'()~*]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  });
}

/** The name of a part of a path; undefined for one that no name has. */
export function desanitizeName(part: string): string | undefined {
  try {
    const name = decodeURIComponent(part);
    return sanitizeName(name) === part ? name : undefined;
  } catch {
    return undefined;
  }
}

/** The path of a user's znode. @throws URIError for half a character */
export function userPath(user: string): string {
  return `${usersPath}/${sanitizeName(user)}`;
}

/** The path of an entity's znode. @throws URIError for half a character; RangeError for an entity of nothing */
export function entityPath({ user, clientId }: QuotaEntity): string {
  const client = clientId === undefined ? undefined : partOf(clientId);
  if (user !== undefined) {
    const path = `${usersPath}/${partOf(user)}`;
    return client === undefined ? path : `${path}/clients/${client}`;
  }
  if (client === undefined) throw new RangeError("an entity is a user, a client, or both");
  return `${clientsPath}/${client}`;
}

/** The entity that a path stands for; undefined for other paths. */
export function parseEntityPath(path: string): QuotaEntity | undefined {
  const [, , kind, first, clients, second, ...more] = path.split("/");
  const name = nameOf(first);
  if (name === undefined || more.length > 0) return undefined;
  if (kind === "clients") return clients === undefined ? { clientId: name } : undefined;
  if (kind !== "users") return undefined;
  if (clients === undefined) return { user: name };
  const client = nameOf(second);
  return clients === "clients" && client !== undefined ? { user: name, clientId: client } : undefined;
}

export function encodeEntityConfig(config: EntityConfig): Uint8Array {
  return Buffer.from(JSON.stringify({ version: 1, config }));
}

/** Empty for what is no such JSON: then nothing is set. */
export function decodeEntityConfig(data: Uint8Array | null | undefined): EntityConfig {
  const parsed = parseJson(data);
  if (typeof parsed !== "object" || parsed === null || !("config" in parsed)) return {};
  const { config } = parsed;
  if (typeof config !== "object" || config === null) return {};
  const entries = Object.entries(config).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(entries);
}

/** Undefined for what is no JSON. */
export function parseJson(data: Uint8Array | null | undefined): unknown {
  if (data === null || data === undefined) return undefined;
  try {
    return JSON.parse(Buffer.from(data).toString("utf8"));
  } catch {
    return undefined;
  }
}

function partOf(name: string | null): string {
  return name === null ? defaultName : sanitizeName(name);
}

function nameOf(part: string | undefined): string | null | undefined {
  if (part === undefined) return undefined;
  return part === defaultName ? null : desanitizeName(part);
}
