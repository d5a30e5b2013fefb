/**
 * Quotas of users and clients (`ClientQuotaManager`): of the znodes that could set one, the one that says most of who asks
 * does. They hold for each gateway, as Kafka's do for each broker.
 */
import type { Clock } from "../../../shared/storage/environment.ts";
import type { AclList } from "../../../shared/tree/acl.ts";
import { changeZnode, type NewAcls } from "./change-znode.ts";
import {
  decodeEntityConfig,
  encodeEntityConfig,
  type EntityConfig,
  entityPath,
  parseEntityPath,
  type QuotaEntity,
  credentialAcl,
} from "./entity-config.ts";
import { type FollowedZnodes, gatewayContext, type TreeAccess } from "./followed-znodes.ts";
import { secretAcl, shownAcl } from "./guarded-znodes.ts";
import { QuotaMeter } from "./quota-meter.ts";

/** What can be limited: bytes a second that are produced, and that are fetched. */
export const quotaKeys = ["producer_byte_rate", "consumer_byte_rate"] as const;
export type QuotaKey = (typeof quotaKeys)[number];

export type QuotaValues = Readonly<Partial<Record<QuotaKey, number>>>;

/** Null takes a limit away. */
export type QuotaChange = ReadonlyMap<QuotaKey, number | null>;

interface Followed {
  readonly users: FollowedZnodes;
  readonly clients: FollowedZnodes;
}

export class Quotas {
  readonly #access: TreeAccess;
  readonly #followed: Followed;
  readonly #clock: Clock;
  readonly #meter = new QuotaMeter();
  #known: { readonly of: string; readonly values: ReadonlyMap<string, QuotaValues> } | undefined;

  constructor(access: TreeAccess, followed: Followed, clock: Clock) {
    this.#access = access;
    this.#followed = followed;
    this.#clock = clock;
  }

  /** Reads what is in force, and follows it until the signal aborts. @throws ServiceError KAFKA_STORAGE_ERROR */
  async start(signal: AbortSignal): Promise<void> {
    const { users, clients } = this.#followed;
    await Promise.all([users.start(signal), clients.start(signal)]);
  }

  /** Counts bytes that a client produced or fetched. @returns how long it is to wait, in milliseconds */
  use(key: QuotaKey, bytesOf: () => number, user: string, clientId: string): number {
    const values = this.#values();
    if (values.size === 0) return 0;
    for (const { entity, sharedBy } of candidates(user, clientId)) {
      const bytesPerSecond = values.get(entityPath(entity))?.[key];
      if (bytesPerSecond === undefined) continue;
      return this.#meter.add(`${key} ${sharedBy}`, bytesOf(), bytesPerSecond, this.#clock.monotonicMs());
    }
    return 0;
  }

  /** Every entity that has a quota. */
  all(): readonly { readonly entity: QuotaEntity; readonly values: QuotaValues }[] {
    return [...this.#values()].flatMap(([path, values]) => {
      const entity = parseEntityPath(path);
      return entity === undefined ? [] : [{ entity, values }];
    });
  }

  /** Changes an entity's quotas. @throws ServiceError KAFKA_STORAGE_ERROR | REQUEST_TIMED_OUT (effect unknown) */
  async change(entity: QuotaEntity, change: QuotaChange): Promise<void> {
    const path = entityPath(entity);
    const context = gatewayContext(this.#access.namespace);
    const acls = this.#access.isGuarded === true ? guardedAclsOf(entity) : { own: openAclOf(entity) };
    const decide = (data: Uint8Array | null) => ({ data: changed(data, change), result: undefined });
    const { zxid } = await changeZnode(this.#access.services.znodes, context, path, decide, acls);
    const { users, clients } = this.#followed;
    if (zxid !== undefined) await (entity.user === undefined ? clients : users).refresh(path, zxid);
  }

  #values(): ReadonlyMap<string, QuotaValues> {
    const { users, clients } = this.#followed;
    const of = `${users.changeCount}:${clients.changeCount}`;
    if (this.#known?.of === of) return this.#known.values;
    const values = new Map<string, QuotaValues>();
    for (const [path, data] of [...users.data, ...clients.data]) {
      const found = quotasOf(decodeEntityConfig(data));
      if (Object.keys(found).length > 0) values.set(path, found);
    }
    this.#known = { of, values };
    return values;
  }
}

/** Where a user's credentials may come to stand, nobody else is to read. */
function openAclOf({ user, clientId }: QuotaEntity): AclList | undefined {
  return typeof user === "string" && clientId === undefined ? credentialAcl : undefined;
}

function guardedAclsOf({ user }: QuotaEntity): NewAcls {
  const acl = user === undefined ? shownAcl : secretAcl;
  return { own: acl, above: acl };
}

/** Kafka's order; with whom else the quota is shared. */
function* candidates(
  user: string,
  clientId: string,
): Iterable<{ readonly entity: QuotaEntity; readonly sharedBy: string }> {
  const both = JSON.stringify([user, clientId]);
  const userAlone = JSON.stringify([user]);
  if (user.isWellFormed()) {
    if (clientId.isWellFormed()) yield { entity: { user, clientId }, sharedBy: both };
    yield { entity: { user, clientId: null }, sharedBy: both };
    yield { entity: { user }, sharedBy: userAlone };
  }
  if (clientId.isWellFormed()) yield { entity: { user: null, clientId }, sharedBy: both };
  yield { entity: { user: null, clientId: null }, sharedBy: both };
  yield { entity: { user: null }, sharedBy: userAlone };
  if (clientId.isWellFormed()) yield { entity: { clientId }, sharedBy: clientId };
  yield { entity: { clientId: null }, sharedBy: clientId };
}

/** Rates as Kafka's tools write them: whole numbers, or such as `1024.0`. */
function quotasOf(config: EntityConfig): QuotaValues {
  const entries = quotaKeys.flatMap((key) => {
    const value = Number(config[key] ?? Number.NaN);
    return isQuota(value) ? [[key, value] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** Whether a rate can be kept: at least a byte a second. */
export function isQuota(value: number): boolean {
  return Number.isFinite(value) && value >= 1 && value <= Number.MAX_SAFE_INTEGER;
}

function changed(data: Uint8Array | null, change: QuotaChange): Uint8Array | null | undefined {
  const before = decodeEntityConfig(data);
  const config = new Map(Object.entries(before));
  for (const [key, value] of change) {
    if (value === null) config.delete(key);
    else config.set(key, String(value));
  }
  if (config.size === 0) return data === null ? undefined : null;
  const after = encodeEntityConfig(Object.fromEntries(config));
  return Buffer.from(after).equals(Buffer.from(encodeEntityConfig(before))) ? undefined : after;
}
