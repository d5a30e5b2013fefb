/** Who may use a gateway, for what, and how much: users, access control lists and quotas of its namespace. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../../shared/storage/environment.ts";
import { clientsPath, usersPath } from "../../../shared/topics/security-znodes.ts";
import { Authenticator } from "../sasl/authenticator.ts";
import { PasswordCheck } from "../sasl/password-check.ts";
import { type AclOperation, operations, type ResourceType, supportedOperations } from "./acl.ts";
import { AclStore } from "./acl-store.ts";
import type { AclRules, Requester } from "./authorize.ts";
import { CredentialStore } from "./credential-store.ts";
import { FollowedZnodes, type TreeAccess } from "./followed-znodes.ts";
import { guardZnodes } from "./guarded-znodes.ts";
import { type QuotaKey, Quotas } from "./quotas.ts";

/** Whether access control lists bind clients; `allow`: what no list is about is allowed to everybody, `deny`: to nobody. */
export const aclModes = ["off", "deny", "allow"] as const;
export type AclMode = (typeof aclModes)[number];

export interface SecurityOptions {
  /** Whether clients must say who they are. */
  readonly sasl: boolean;
  readonly acl: AclMode;
  /** Users that may do everything, such as `admin`. */
  readonly superUsers: readonly string[];
}

/** Everything is allowed to everybody. */
export const openSecurity: SecurityOptions = { sasl: false, acl: "off", superUsers: [] };

/** Whether it matters who writes the znodes on which this rests. */
export function isGuarded({ sasl, acl }: SecurityOptions): boolean {
  return sasl || acl !== "off";
}

/** What one client may do. */
export interface Access {
  may(operation: AclOperation, resourceType: ResourceType, name: string): boolean;
  /** With any resource of the type. */
  mayAny(operation: AclOperation, resourceType: ResourceType): boolean;
  /** With every resource of the type, also those that are yet to come. */
  mayAll(operation: AclOperation, resourceType: ResourceType): boolean;
  /** All that it may do with a resource, as bits by the operations' numbers. */
  operationsOf(resourceType: ResourceType, name: string): number;
}

/** Who is connected. */
export interface Client {
  readonly principal: string;
  readonly host: string;
}

const randomSecretBytes = 32;
const nonceBytes = 18;

export class GatewaySecurity {
  readonly options: SecurityOptions;
  readonly credentials: CredentialStore;
  readonly acls: AclStore;
  readonly #access: TreeAccess;
  readonly #quotas: Quotas;
  readonly #rules: AclRules;
  readonly #passwords = new PasswordCheck();
  #signal: AbortSignal = AbortSignal.abort();
  readonly #authenticators = new WeakMap<object, Authenticator>();

  constructor(open: TreeAccess, clock: Clock, options: SecurityOptions) {
    const access = { ...open, isGuarded: isGuarded(options) };
    this.#access = access;
    this.options = options;
    const users = new FollowedZnodes(access, usersPath);
    this.credentials = new CredentialStore(access, randomBytes(randomSecretBytes), users);
    this.#quotas = new Quotas(access, { users, clients: new FollowedZnodes(access, clientsPath) }, clock);
    this.acls = new AclStore(access);
    this.#rules = {
      superUsers: new Set(options.superUsers.map((name) => `User:${name}`)),
      allowsWithoutAcl: options.acl === "allow",
    };
  }

  /**
   * Guards what it rests on, reads what is in force, and follows it until the signal aborts.
   *
   * @throws ServiceError KAFKA_STORAGE_ERROR | UNKNOWN_NAMESPACE
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    const { sasl, acl } = this.options;
    if (isGuarded(this.options)) await guardZnodes(this.#access);
    if (sasl) await this.credentials.start(signal);
    if (acl !== "off") await this.acls.start(signal);
  }

  /** The users, also where nobody has to say who they are. @throws ServiceError KAFKA_STORAGE_ERROR */
  async users(): Promise<CredentialStore> {
    await this.credentials.start(this.#signal);
    return this.credentials;
  }

  /** @throws ServiceError KAFKA_STORAGE_ERROR */
  async quotasInForce(): Promise<Quotas> {
    await this.#quotas.start(this.#signal);
    return this.#quotas;
  }

  /**
   * Counts bytes that a client produced or fetched. Quotas are read when somebody first does, so that a gateway without
   * clients asks for nothing; until then they do not hold.
   *
   * @returns how long the client is to wait, in milliseconds
   */
  use(key: QuotaKey, bytesOf: () => number, user: string, clientId: string): number {
    // It is tried again with the next bytes.
    this.#quotas.start(this.#signal).catch(() => undefined);
    return this.#quotas.use(key, bytesOf, user, clientId);
  }

  /** Whether access control lists bind clients. */
  get hasAcls(): boolean {
    return this.options.acl !== "off";
  }

  /** Of one connection, whatever stands for it. */
  authenticatorOf(connection: object): Authenticator {
    const known = this.#authenticators.get(connection);
    if (known !== undefined) return known;
    const { credentials } = this;
    const made = new Authenticator({
      known: {
        find: (mechanism, username) => credentials.find(mechanism, username),
        get unknownSecret() {
          return credentials.unknownSecret;
        },
      },
      passwords: this.#passwords,
      nonce: () => randomBytes(nonceBytes).toString("base64url"),
    });
    this.#authenticators.set(connection, made);
    return made;
  }

  /** As of now; not to be kept. */
  accessOf({ principal, host }: Client): Access {
    if (!this.hasAcls) return everything;
    // What is not known may be a denial.
    if (this.acls.isCut && !this.#rules.superUsers.has(principal)) return nothing;
    const requester: Requester = { principal, host };
    const { index } = this.acls;
    const may: Access["may"] = (operation, type, name) =>
      index.authorize(this.#rules, requester, operation, type, name);
    return {
      may,
      mayAny: (operation, type) => index.authorizeAny(this.#rules, requester, operation, type),
      mayAll: (operation, type) => index.authorizeAll(this.#rules, requester, operation, type),
      operationsOf: (type, name) => bitsOf(supportedOperations[type].filter((operation) => may(operation, type, name))),
    };
  }
}

const everything: Access = {
  may: () => true,
  mayAny: () => true,
  mayAll: () => true,
  operationsOf: (type) => bitsOf(supportedOperations[type]),
};

const nothing: Access = { may: () => false, mayAny: () => false, mayAll: () => false, operationsOf: () => 0 };

function bitsOf(allowed: readonly AclOperation[]): number {
  return allowed.reduce((bits, operation) => bits | (1 << operations[operation]), 0);
}
