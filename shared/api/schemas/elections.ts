/** Elections and locks. */
import * as z from "zod";
import { contenderIdCharsMax, fetchWaitMsMax, lineNameCharsMax } from "../../limits.ts";
import { bytesOrNull, count, int64Text, namespaceName, waitMs } from "./common.ts";

/** The rules of names are the service's to apply. */
const lineName = z.string().meta({
  description: "Letters, digits, `.`, `_` and `-`. Otherwise BAD_ARGUMENTS.",
  minLength: 1,
  maxLength: lineNameCharsMax,
  pattern: "^[A-Za-z0-9._-]+$",
});

export const electionParams = z.strictObject({ namespace: namespaceName, election: lineName });
export const lockParams = z.strictObject({ namespace: namespaceName, lock: lineName });

const contenderId = z
  .string()
  .max(contenderIdCharsMax)
  .optional()
  .meta({ description: "Tells several contenders of one session apart; letters, digits, `_` and `-`." });
const bodyWaitMs = z.int().min(0).max(fetchWaitMsMax).default(0);
const fencingToken = count.meta({
  description: "Grows from grant to grant. Produce and multi refuse what has an older one.",
});

export const campaignBody = z.strictObject({ contenderId, data: bytesOrNull.optional(), waitMs: bodyWaitMs });
export const campaignAnswer = z.object({
  leader: z.boolean(),
  candidate: z.string().meta({ description: "Path of the candidate's znode." }),
  fencingToken: fencingToken.optional(),
});

export const contenderBody = z.strictObject({ contenderId });
export const proclaimBody = z.strictObject({ contenderId, data: bytesOrNull });
export const proclaimAnswer = z.object({ fencingToken });

const leader = z
  .object({ path: z.string(), fencingToken, data: bytesOrNull, sessionId: int64Text })
  .meta({ id: "Leader" })
  .nullable();
const since = z.string().meta({ description: "The next `since` of observe." });

export const electionAnswer = z.object({ leader, candidates: count, since });
export const observeQuery = z.strictObject({
  since: z.string().max(32).optional().meta({ description: "What an earlier answer gave, or a fencing token." }),
  waitMs,
});
export const observeAnswer = z.object({ leader, since });

const lockModes = ["write", "read"] as const;

export const acquireBody = z.strictObject({
  contenderId,
  mode: z.enum(lockModes).default("write"),
  waitMs: bodyWaitMs,
  keepPlace: z
    .boolean()
    .default(false)
    .meta({ description: "Not granted in time: stay in line, to go on waiting with the next call." }),
});
export const acquireAnswer = z.object({
  acquired: z.boolean(),
  path: z.string().optional(),
  fencingToken: fencingToken.optional(),
});

export const lockAnswer = z.object({
  holders: z.array(
    z
      .object({ path: z.string(), fencingToken, mode: z.enum(lockModes), sessionId: int64Text })
      .meta({ id: "LockHolder" }),
  ),
  waiting: count,
});

export type CampaignAnswer = z.infer<typeof campaignAnswer>;
export type ProclaimAnswer = z.infer<typeof proclaimAnswer>;
export type ElectionAnswer = z.infer<typeof electionAnswer>;
export type ObserveAnswer = z.infer<typeof observeAnswer>;
export type AcquireAnswer = z.infer<typeof acquireAnswer>;
export type LockAnswer = z.infer<typeof lockAnswer>;
