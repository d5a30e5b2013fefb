/** Subscribing to hints. */
import * as z from "zod";
import { connectionIdCharsMax } from "../../limits/push.ts";

const connectionId = z
  .string()
  .min(1)
  .max(connectionIdCharsMax)
  .regex(/^[A-Za-z0-9+/=_-]+$/, "must be as the connection told it")
  .meta({ description: 'What the WebSocket connection answered to `{"action":"connection"}`.' });

export const subscribeToPartitionBody = z.strictObject({ connectionId });

export const subscribeToZnodeBody = z.strictObject({
  connectionId,
  recursive: z.boolean().default(false).meta({ description: "All znodes below the path as well." }),
});

export const subscribedAnswer = z.object({
  subscriptionId: z.string().meta({ description: "With it the connection ends the subscription." }),
  heardInMs: z.int().min(0).meta({
    description: "From so long after this answer on hints are sent; read once more then, before you wait for one.",
  }),
});

export type SubscribedAnswer = z.infer<typeof subscribedAnswer>;
