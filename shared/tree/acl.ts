/** Access control lists, as ZooKeeper has them (`ZooDefs.Perms`, `ZooDefs.Ids`). */

/** One row of an access control list. */
export interface Acl {
  /** READ 1, WRITE 2, CREATE 4, DELETE 8, ADMIN 16, added up. */
  readonly permissions: number;
  /** world, auth, digest, ip, iam. */
  readonly scheme: string;
  readonly id: string;
}

export type AclList = readonly Acl[];

/** Who asks, under one scheme: `digest` user:base64(SHA-1(user:password)), `ip` an address, `iam` an ARN, `super`. */
export interface Identity {
  readonly scheme: string;
  readonly id: string;
}

/** `ZooDefs.Perms`. */
export const permission = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

/** Everyone may do everything: `OPEN_ACL_UNSAFE`. */
const openAcl: AclList = [{ permissions: 31, scheme: "world", id: "anyone" }];
/** Everyone may read: `READ_ACL_UNSAFE`. */
const readAcl: AclList = [{ permissions: 1, scheme: "world", id: "anyone" }];

/** The lists of a tree that nobody has given others; znodes name a list by its index. */
export const initialAcls: readonly AclList[] = [openAcl, readAcl];
export const openAclIndex = 0;
export const readAclIndex = 1;
