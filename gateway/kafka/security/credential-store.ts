/** The users' credentials: SCRAM's, in the znodes that Kafka keeps them in. Who may write znodes there makes the first user. */
import { scramMechanismNames, type ScramMechanism } from "../sasl/scram-mechanism.ts";
import { formatCredential, parseCredential, type ScramCredential } from "../sasl/scram-credential.ts";
import { scramSecretPath, usersPath } from "../../../shared/topics/security-znodes.ts";
import { changeZnode, hasCode } from "./change-znode.ts";
import {
  credentialAcl,
  decodeEntityConfig,
  encodeEntityConfig,
  type EntityConfig,
  parseEntityPath,
  userPath,
} from "./entity-config.ts";
import { FollowedZnodes, gatewayContext, type TreeAccess } from "./followed-znodes.ts";
import { secretAcl } from "./guarded-znodes.ts";

export type UserCredentials = Readonly<Partial<Record<ScramMechanism, ScramCredential>>>;

/** Undefined where the service gives this credential up. */
export type CredentialChange = ReadonlyMap<ScramMechanism, ScramCredential | undefined>;

export class CredentialStore {
  readonly #access: TreeAccess;
  readonly #znodes: FollowedZnodes;
  readonly #users = new Map<string, { readonly data: Uint8Array; readonly credentials: UserCredentials }>();
  #unknownSecret: Uint8Array;

  /**
   * @param unknownSecret random; makes salts for names that nobody has until the tree's own secret is read
   * @param users what is below `usersPath`
   */
  constructor(access: TreeAccess, unknownSecret: Uint8Array, users = new FollowedZnodes(access, usersPath)) {
    this.#access = access;
    this.#znodes = users;
    this.#unknownSecret = unknownSecret;
  }

  /** Reads what there is, and follows it until the signal aborts. @throws ServiceError KAFKA_STORAGE_ERROR */
  async start(signal: AbortSignal): Promise<void> {
    await this.#znodes.start(signal);
    this.#unknownSecret = await this.#sharedSecret(this.#unknownSecret);
  }

  /** Makes the salts of names that nobody has; the same in every gateway, so that none can be told from a user's. */
  get unknownSecret(): Uint8Array {
    return this.#unknownSecret;
  }

  find(mechanism: ScramMechanism, username: string): ScramCredential | undefined {
    return this.credentials(username)?.[mechanism];
  }

  /** Undefined where there is no such user, or one without credentials. */
  credentials(username: string): UserCredentials | undefined {
    if (!username.isWellFormed()) return undefined;
    const data = this.#znodes.data.get(userPath(username));
    if (data === undefined) {
      this.#users.delete(username);
      return undefined;
    }
    const known = this.#users.get(username);
    if (known?.data === data) return known.credentials;
    const credentials = credentialsOf(decodeEntityConfig(data));
    this.#users.set(username, { data, credentials });
    return credentials;
  }

  /** Of those that have a credential. */
  usernames(): readonly string[] {
    const users = [...this.#znodes.data.keys()].map((path) => parseEntityPath(path));
    return users
      .flatMap((entity) => (typeof entity?.user === "string" && entity.clientId === undefined ? [entity.user] : []))
      .filter((name) => Object.keys(this.credentials(name) ?? {}).length > 0)
      .toSorted();
  }

  /**
   * Changes one user's credentials, all of them or none.
   *
   * @returns the mechanisms that were to be given up and are not there; then nothing was changed
   * @throws ServiceError KAFKA_STORAGE_ERROR | REQUEST_TIMED_OUT (effect unknown)
   */
  async change(username: string, changes: CredentialChange): Promise<readonly ScramMechanism[]> {
    const path = userPath(username);
    const { znodes } = this.#access.services;
    const context = gatewayContext(this.#access.namespace);
    const acls = this.#access.isGuarded === true ? { own: secretAcl, above: secretAcl } : { own: credentialAcl };
    const { result, zxid } = await changeZnode(znodes, context, path, (data) => changed(data, changes), acls);
    if (zxid !== undefined) await this.#znodes.refresh(path, zxid);
    return result;
  }

  async #sharedSecret(fresh: Uint8Array): Promise<Uint8Array> {
    const { znodes } = this.#access.services;
    const context = gatewayContext(this.#access.namespace);
    try {
      const { result } = await changeZnode(
        znodes,
        context,
        scramSecretPath,
        (data) => (data === null ? { data: fresh, result: fresh } : { data: undefined, result: data }),
        { own: secretAcl, above: this.#access.isGuarded === true ? secretAcl : undefined },
      );
      return result;
    } catch (error) {
      // Names can be told apart between gateways then, and nothing worse.
      if (hasCode(error, "NO_AUTH", "BAD_VERSION", "REQUEST_TIMED_OUT")) return fresh;
      throw error;
    }
  }
}

/** What is kept of a user's credentials; others than SCRAM's are left out. */
function credentialsOf(config: EntityConfig): UserCredentials {
  const entries = scramMechanismNames.flatMap((mechanism) => {
    const credential = parseCredential(mechanism, config[mechanism] ?? "");
    return credential === undefined ? [] : [[mechanism, credential] as const];
  });
  return Object.fromEntries(entries);
}

function changed(
  data: Uint8Array | null,
  changes: CredentialChange,
): { readonly data: Uint8Array | null | undefined; readonly result: readonly ScramMechanism[] } {
  const config = new Map(Object.entries(decodeEntityConfig(data)));
  const missing: ScramMechanism[] = [];
  for (const [mechanism, credential] of changes) {
    if (credential !== undefined) config.set(mechanism, formatCredential(credential));
    else if (!config.delete(mechanism)) missing.push(mechanism);
  }
  if (missing.length > 0) return { data: undefined, result: missing };
  return { data: config.size === 0 ? null : encodeEntityConfig(Object.fromEntries(config)), result: missing };
}
