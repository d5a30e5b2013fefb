import * as z from "zod";

export const healthQuery = z.strictObject({
  probe: z.enum(["live", "ready"]).default("ready").meta({
    description: "`live` only answers; `ready` writes to the storage and reads it back.",
  }),
});

export const healthAnswer = z.object({
  status: z.literal("ok"),
  storage: z.literal("ok").optional().meta({ description: "Absent where only liveness was asked for." }),
});

export type HealthAnswer = z.infer<typeof healthAnswer>;
