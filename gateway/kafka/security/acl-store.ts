/** The access control lists in force: followed in memory, changed in the tree. */
import { kafkaAclsPerResourceMax } from "../../../shared/limits/kafka-security.ts";
import { extendedAclsPath, literalAclsPath } from "../../../shared/topics/security-znodes.ts";
import { type AclBinding, type AclEntry, isSameEntry, type ResourcePattern } from "./acl.ts";
import { aclPath, decodeAcls, encodeAcls, parseAclPath } from "./acl-znodes.ts";
import { AclIndex } from "./authorize.ts";
import { changeZnode } from "./change-znode.ts";
import { FollowedZnodes, gatewayContext, type TreeAccess } from "./followed-znodes.ts";
import { shownAcl } from "./guarded-znodes.ts";

export class AclStore {
  readonly #access: TreeAccess;
  readonly #literal: FollowedZnodes;
  readonly #prefixed: FollowedZnodes;
  #index: { readonly of: string; readonly index: AclIndex } | undefined;

  constructor(access: TreeAccess) {
    this.#access = access;
    this.#literal = new FollowedZnodes(access, literalAclsPath);
    this.#prefixed = new FollowedZnodes(access, extendedAclsPath);
  }

  /** Reads what there is, and follows it until the signal aborts. @throws ServiceError KAFKA_STORAGE_ERROR */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#literal.start(signal), this.#prefixed.start(signal)]);
  }

  /** Whether there are more lists than can be followed, so that denials may be missing. */
  get isCut(): boolean {
    return this.#literal.isCut || this.#prefixed.isCut;
  }

  /** As of now; made anew when something has changed. */
  get index(): AclIndex {
    const of = `${this.#literal.changeCount}:${this.#prefixed.changeCount}`;
    if (this.#index?.of !== of) this.#index = { of, index: new AclIndex(this.bindings()) };
    return this.#index.index;
  }

  /** All rows of all lists. */
  *bindings(): Iterable<AclBinding> {
    for (const { data } of [this.#literal, this.#prefixed]) {
      for (const [path, bytes] of data) {
        const pattern = parseAclPath(path);
        if (pattern === undefined) continue;
        for (const entry of decodeAcls(bytes)) yield { ...pattern, ...entry };
      }
    }
  }

  /**
   * Adds rows to one resource's list; those that are there already stay as they are.
   *
   * @returns false if the list would have more than `kafkaAclsPerResourceMax` rows; then it stays as it is
   * @throws ServiceError KAFKA_STORAGE_ERROR | REQUEST_TIMED_OUT (effect unknown)
   */
  async add(pattern: ResourcePattern, entries: readonly AclEntry[]): Promise<boolean> {
    return await this.#change(pattern, (before) => {
      const fresh = entries.filter((entry, index) => {
        const isFirst = entries.findIndex((other) => isSameEntry(entry, other)) === index;
        return isFirst && !before.some((other) => isSameEntry(entry, other));
      });
      const after = [...before, ...fresh];
      const fits = after.length <= kafkaAclsPerResourceMax;
      return { after: fits && fresh.length > 0 ? after : undefined, result: fits };
    });
  }

  /** Removes rows of one resource's list. @returns those that were there @throws ServiceError as `add` */
  async remove(pattern: ResourcePattern, entries: readonly AclEntry[]): Promise<readonly AclEntry[]> {
    return await this.#change(pattern, (before) => {
      const isRemoved = (entry: AclEntry): boolean => entries.some((other) => isSameEntry(entry, other));
      const result = before.filter(isRemoved);
      const after = before.filter((entry) => !isRemoved(entry));
      return { after: result.length === 0 ? undefined : after, result };
    });
  }

  async #change<Result>(
    pattern: ResourcePattern,
    decide: (before: readonly AclEntry[]) => {
      readonly after: readonly AclEntry[] | undefined;
      readonly result: Result;
    },
  ): Promise<Result> {
    const path = aclPath(pattern);
    const context = gatewayContext(this.#access.namespace);
    const change = (data: Uint8Array | null) => {
      const { after, result } = decide(decodeAcls(data));
      return { data: after === undefined ? undefined : after.length === 0 ? null : encodeAcls(after), result };
    };
    const acls = this.#access.isGuarded === true ? { own: shownAcl, above: shownAcl } : {};
    const { result, zxid } = await changeZnode(this.#access.services.znodes, context, path, change, acls);
    const followed = pattern.patternType === "literal" ? this.#literal : this.#prefixed;
    if (zxid !== undefined) await followed.refresh(path, zxid);
    return result;
  }
}
