/** Changes one znode by what it holds, against others that change it too. */
import { type ErrorCode, ServiceError } from "../../../shared/api/errors.ts";
import { securityWriteAttemptsMax } from "../../../shared/limits/kafka-security.ts";
import type { CallContext } from "../../../shared/services/coordination.ts";
import type { ZnodeService } from "../../../shared/services/coordination.ts";
import type { AclList } from "../../../shared/tree/acl.ts";

export interface ZnodeChange<Result> {
  /** What is to stand there; null: no such znode; undefined: as it is. */
  readonly data: Uint8Array | null | undefined;
  readonly result: Result;
}

export interface ChangedZnode<Result> {
  readonly result: Result;
  /** Undefined where nothing was written. */
  readonly zxid?: number;
}

/** Of what is created; absent: open to everyone, as all that Kafka's tools know by name. */
export interface NewAcls {
  readonly own?: AclList | undefined;
  /** Of what is missing above it. */
  readonly above?: AclList | undefined;
}

export function hasCode(error: unknown, ...codes: readonly ErrorCode[]): boolean {
  return error instanceof ServiceError && codes.includes(error.code);
}

/**
 * Reads a znode, changes it, and tries again if somebody else was faster.
 *
 * @param decide what to make of what is there; null where nothing is
 * @throws ServiceError REQUEST_TIMED_OUT (effect unknown) | KAFKA_STORAGE_ERROR | THROTTLING_QUOTA_EXCEEDED | BAD_VERSION
 *   where others were faster every time
 */
export async function changeZnode<Result>(
  znodes: ZnodeService,
  context: CallContext,
  path: string,
  decide: (data: Uint8Array | null) => ZnodeChange<Result>,
  acls: NewAcls = {},
): Promise<ChangedZnode<Result>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { data, version } = await readZnode(znodes, context, path);
      const { data: wanted, result } = decide(data);
      if (wanted === undefined || (wanted === null && version === undefined)) return { result };
      return { result, zxid: await write(znodes, context, path, { data: wanted, version, acls }) };
    } catch (error) {
      if (
        attempt >= securityWriteAttemptsMax ||
        !hasCode(error, "BAD_VERSION", "NO_NODE", "NODE_EXISTS", "NOT_EMPTY")
      ) {
        throw error;
      }
    }
  }
}

interface Wanted {
  readonly data: Uint8Array | null;
  /** That was seen; undefined where there was none. */
  readonly version: number | undefined;
  readonly acls: NewAcls;
}

async function readZnode(
  znodes: ZnodeService,
  context: CallContext,
  path: string,
): Promise<{ readonly data: Uint8Array | null; readonly version?: number }> {
  try {
    const { data, stat } = await znodes.getData(context, path);
    return { data, version: stat.version };
  } catch (error) {
    if (!hasCode(error, "NO_NODE")) throw error;
    return { data: null };
  }
}

async function write(
  znodes: ZnodeService,
  context: CallContext,
  path: string,
  { data, version, acls }: Wanted,
): Promise<number> {
  if (version === undefined) return await createWithParents(znodes, context, path, { data, acls });
  if (data !== null) return (await znodes.setData(context, { path, data, version })).zxid;
  try {
    return (await znodes.delete(context, { path, version })).zxid;
  } catch (error) {
    // What is below it stays; then it stands there empty.
    if (!hasCode(error, "NOT_EMPTY")) throw error;
    return (await znodes.setData(context, { path, data: null, version })).zxid;
  }
}

/** Creates a znode, and what is missing above it. */
async function createWithParents(
  znodes: ZnodeService,
  context: CallContext,
  path: string,
  { data, acls: { own, above } }: Pick<Wanted, "data" | "acls">,
): Promise<number> {
  for (const parent of parentsOf(path)) {
    try {
      await znodes.exists(context, parent);
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
      await createUnlessThere(znodes, context, parent, above);
    }
  }
  const created = await znodes.create(context, {
    path,
    data,
    mode: "persistent",
    ...(own === undefined ? {} : { acl: own }),
  });
  return created.zxid;
}

async function createUnlessThere(
  znodes: ZnodeService,
  context: CallContext,
  path: string,
  acl: AclList | undefined,
): Promise<void> {
  try {
    await znodes.create(context, { path, data: null, mode: "persistent", ...(acl === undefined ? {} : { acl }) });
  } catch (error) {
    if (!hasCode(error, "NODE_EXISTS")) throw error;
  }
}

/** From the top down. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
