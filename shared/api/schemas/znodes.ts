/** Znodes: data, Stat, access control lists, multi and changes. */
import * as z from "zod";
import {
  aclRowsMax,
  aclTextCharsMax,
  changesLimitDefault,
  changesLimitMax,
  multiOperationsMax,
  pageItemsDefault,
  pageItemsMax,
  znodeDataBytesMax,
  znodePathCharsMax,
  znodeTtlMsMax,
} from "../../limits.ts";
import { errorTable } from "../errors.ts";
import type { ErrorCode } from "../errors.ts";
import { bytesOrNull, count, int32Max, integerText, namespaceName, nextToken, text, waitMs } from "./common.ts";

/** The rules of paths are the service's to apply, under ZooKeeper's own error name. */
const pathText = z.string().max(znodePathCharsMax + 1);
const znodePath = pathText.meta({
  description: "Begins with a slash, as in ZooKeeper. Otherwise BAD_ARGUMENTS.",
  examples: ["/config/app"],
});

export const znodeParams = z.strictObject({
  namespace: namespaceName,
  path: pathText.meta({
    description:
      "The path of the znode after its first slash; the slashes in it stand as they are, all else percent-encoded. " +
      "API Gateway may change a path that has `%25` or `%3F` in it: use multi and multi-read for such names there.",
    examples: ["config/app"],
  }),
});

/** Of the routes that look at nothing but what is at or below a path. */
export const scopeParams = z.strictObject({
  namespace: namespaceName,
  path: pathText.meta({
    description: "A path after its first slash: all that the request names is at or below it.",
    examples: ["config/app"],
  }),
});

const version = z
  .int()
  .min(-int32Max - 1)
  .max(int32Max)
  .default(-1)
  .meta({ description: "The version that is expected, else BAD_VERSION; -1 for any." });
const versionText = z
  .string()
  .regex(/^-?(0|[1-9][0-9]{0,9})$/, "must be a whole number")
  .transform(Number)
  .pipe(
    z
      .int()
      .min(-int32Max - 1)
      .max(int32Max),
  )
  .default(-1)
  .meta({ description: "The version that is expected, else BAD_VERSION; -1 for any." });

export const stat = z
  .object({
    czxid: count,
    mzxid: count,
    ctime: count,
    mtime: count,
    version: z.int(),
    cversion: z.int(),
    aversion: z.int(),
    ephemeralOwner: z.string().meta({
      description: "The session of an ephemeral, else 0.",
    }),
    dataLength: count,
    numChildren: count,
    pzxid: count,
  })
  .meta({ id: "Stat", description: "ZooKeeper's Stat; times in ms since the epoch." });

export const permissionNames = ["read", "write", "create", "delete", "admin"] as const;

const aclRow = z
  .strictObject({
    permissions: z.array(z.enum(permissionNames)).max(permissionNames.length),
    scheme: z.string().max(64).meta({ description: "world, auth, digest, ip, iam or jwt; else INVALID_ACL." }),
    id: text.max(aclTextCharsMax),
  })
  .meta({ id: "Acl", examples: [{ permissions: ["read"], scheme: "world", id: "anyone" }] });
export const aclList = z.array(aclRow).max(aclRowsMax);

const createModes = [
  "persistent",
  "persistent_sequential",
  "ephemeral",
  "ephemeral_sequential",
  "container",
  "persistent_with_ttl",
  "persistent_sequential_with_ttl",
] as const;

const data = bytesOrNull.meta({ description: `At most ${znodeDataBytesMax} bytes.` });

const createFields = {
  data: data.optional().meta({ description: "Default null." }),
  mode: z.enum(createModes).default("persistent").meta({ description: "Ephemerals need a session." }),
  acl: aclList.optional().meta({ description: "Default: everyone may do everything." }),
  ttlMs: z.int().max(znodeTtlMsMax).optional().meta({ description: "For the modes with a TTL." }),
};

export const createZnodeBody = z.strictObject(createFields);
export const createdAnswer = z.object({ path: z.string(), stat, zxid: count });

const views = ["data", "stat", "children", "acl", "count"] as const;

export const getZnodeQuery = z.strictObject({
  view: z.enum(views).default("data").meta({ description: "What of the znode is asked for." }),
  minZxid: integerText(Number.MAX_SAFE_INTEGER).optional().meta({
    description:
      "The tree may be as old as this zxid, and is then served from memory; without it the answer is linearizable.",
  }),
  limit: integerText(pageItemsMax).pipe(z.int().min(1).max(pageItemsMax)).default(pageItemsDefault),
  nextToken: text.min(1).max(znodePathCharsMax).optional().meta({ description: "What the previous page answered." }),
});

/** What each view answers beside path and zxid. */
export const getZnodeAnswer = z.object({
  path: z.string(),
  data: bytesOrNull.optional().meta({ description: "With view=data." }),
  stat: stat.optional().meta({ description: "With every view but count." }),
  children: z
    .array(z.string())
    .optional()
    .meta({ description: "With view=children: a page of names, in their order." }),
  nextToken: nextToken,
  acl: aclList.optional().meta({ description: "With view=acl; digests are masked unless the caller may ADMIN." }),
  count: count.optional().meta({ description: "With view=count: all znodes below it." }),
  zxid: count.meta({ description: "Of the tree that was read." }),
});

export const setZnodeQuery = z.strictObject({ view: z.enum(["data", "acl"]).default("data") });
export const setZnodeBody = z.strictObject({
  data: data.optional().meta({ description: "With view=data." }),
  acl: aclList.optional().meta({ description: "With view=acl; `version` is then the aversion." }),
  version,
});

export const deleteZnodeQuery = z.strictObject({ version: versionText });

const multiOperation = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("create"), path: znodePath, ...createFields }),
  z.strictObject({ type: z.literal("setData"), path: znodePath, data, version }),
  z.strictObject({ type: z.literal("delete"), path: znodePath, version }),
  z.strictObject({ type: z.literal("check"), path: znodePath, version }),
  z
    .strictObject({ type: z.literal("fence"), path: znodePath, fencingToken: count })
    .meta({ description: "FENCED unless the grant with this token, at this path, is still held." }),
]);

export const multiBody = z.strictObject({ ops: z.array(multiOperation).max(multiOperationsMax) });
export const multiAnswer = z.object({
  results: z.array(z.object({ type: z.string(), path: z.string().optional(), stat: stat.optional() })),
  zxid: count,
});

export const multiReadBody = z.strictObject({
  ops: z.array(z.strictObject({ type: z.enum(["getData", "getChildren"]), path: znodePath })).max(multiOperationsMax),
  minZxid: count.optional(),
});
const errorCodes = Object.keys(errorTable) as [ErrorCode, ...ErrorCode[]];
export const multiReadAnswer = z.object({
  results: z.array(
    z.object({
      type: z.enum(["getData", "getChildren", "error"]),
      data: bytesOrNull.optional(),
      children: z.array(z.string()).optional(),
      stat: stat.optional(),
      error: z.enum(errorCodes).optional(),
      message: z.string().optional(),
    }),
  ),
  zxid: count,
});

const changesFields = {
  since: integerText(Number.MAX_SAFE_INTEGER).optional().meta({
    description: "Events after this zxid. Without it none are answered, only the zxid to begin with.",
  }),
  skip: integerText(Number.MAX_SAFE_INTEGER).optional().meta({
    description: "As the answer before said it: changes of the zxid after `since` that it gave already.",
  }),
  recursive: z
    .stringbool({ truthy: ["true"], falsy: ["false"] })
    .default(false)
    .meta({
      description: "All znodes below the path as well, and no NodeChildrenChanged.",
    }),
  limit: integerText(changesLimitMax).pipe(z.int().min(1).max(changesLimitMax)).default(changesLimitDefault),
  waitMs,
};

export const changesQuery = z.strictObject({ path: pathText.default("/"), ...changesFields });
export const changesBelowQuery = z.strictObject(changesFields);

const eventTypes = ["NodeCreated", "NodeDeleted", "NodeDataChanged", "NodeChildrenChanged"] as const;

export const changesAnswer = z.object({
  events: z.array(z.object({ zxid: count, type: z.enum(eventTypes), path: z.string() }).meta({ id: "ZnodeEvent" })),
  zxid: count.meta({ description: "The next `since`." }),
  skip: count.optional().meta({
    description: "The next `skip`, where the events of one zxid are too many for one answer.",
  }),
});

export const whoAmIAnswer = z.object({ identities: z.array(z.object({ scheme: z.string(), id: z.string() })) });

export type StatAnswer = z.infer<typeof stat>;
export type AclAnswer = z.infer<typeof aclList>;
export type CreatedAnswer = z.infer<typeof createdAnswer>;
export type GetZnodeAnswer = z.infer<typeof getZnodeAnswer>;
export type MultiAnswer = z.infer<typeof multiAnswer>;
export type MultiReadAnswer = z.infer<typeof multiReadAnswer>;
export type ChangesAnswer = z.infer<typeof changesAnswer>;
export type WhoAmIAnswer = z.infer<typeof whoAmIAnswer>;
export type MultiBody = z.output<typeof multiBody>;
export type MultiReadBody = z.output<typeof multiReadBody>;
