import * as z from "zod";
import { sessionTimeoutMsMax, sessionTimeoutMsMin } from "../../limits.ts";
import { count, int32Max, int64Text, namespaceName } from "./common.ts";

export const sessionParams = z.strictObject({ namespace: namespaceName, sessionId: int64Text });

const timeoutMs = count.meta({
  description: `How long the session lives without a heartbeat: ${sessionTimeoutMsMin} to ${sessionTimeoutMsMax} ms.`,
});

export const createSessionBody = z.strictObject({
  timeoutMs: z
    .int()
    .min(1)
    .max(int32Max)
    .optional()
    .meta({ description: `Brought to ${sessionTimeoutMsMin} to ${sessionTimeoutMsMax} ms.` }),
});

export const createSessionAnswer = z.object({
  sessionId: int64Text,
  password: z
    .string()
    .meta({ description: "16 bytes as base64url: with the id, the proof that the session is yours." }),
  timeoutMs,
});

export const heartbeatAnswer = z.object({ sessionId: int64Text, timeoutMs });

export const describeSessionAnswer = z.object({
  sessionId: int64Text,
  timeoutMs,
  ephemerals: z.array(z.string()).meta({ description: "Paths of the znodes that go with the session." }),
  zxid: count,
});

export type CreateSessionAnswer = z.infer<typeof createSessionAnswer>;
export type HeartbeatAnswer = z.infer<typeof heartbeatAnswer>;
export type DescribeSessionAnswer = z.infer<typeof describeSessionAnswer>;
