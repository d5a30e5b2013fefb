/** What answers tell of znodes, with bytes as the client has them. */
import type { EncodedBytes } from "../shared/api/schemas/common.ts";
import type { AclAnswer, StatAnswer } from "../shared/api/schemas/znodes.ts";
import { fromWireOrNull, type RecordBytes, toWireOrNull } from "./record-bytes.ts";

/** ZooKeeper's Stat; `ephemeralOwner` is a session's id, `0` for a persistent znode. */
export type Stat = StatAnswer;

/** One row of an access control list. */
export type Acl = AclAnswer[number];

/** ZooKeeper's CreateMode. */
export type CreateMode =
  | "persistent"
  | "persistent_sequential"
  | "ephemeral"
  | "ephemeral_sequential"
  | "container"
  | "persistent_with_ttl"
  | "persistent_sequential_with_ttl";

/** What a znode is created with. */
export interface CreateFields {
  /** Text stands for its UTF-8 bytes. Default null. */
  readonly data?: RecordBytes | null | undefined;
  /** Default `persistent`; an ephemeral needs a session. */
  readonly mode?: CreateMode | undefined;
  /** Default: everyone may do everything. */
  readonly acl?: readonly Acl[] | undefined;
  readonly ttlMs?: number | undefined;
}

export function createBody({ data, mode, acl, ttlMs }: CreateFields): object {
  return { data: data === undefined ? undefined : toWireOrNull(data), mode, acl, ttlMs };
}

/** The answer with its data, if it has any, as text or bytes. */
export function withData<Answer extends { readonly data?: EncodedBytes | null | undefined }>(
  answer: Answer,
): Omit<Answer, "data"> & { readonly data: RecordBytes | null } {
  return { ...answer, data: fromWireOrNull(answer.data ?? null) };
}
