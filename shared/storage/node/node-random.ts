import { randomBytes } from "node:crypto";
import type { Random } from "../environment.ts";

/** The operating system's random numbers. */
export const nodeRandom: Random = {
  uint32: () => randomBytes(4).readUInt32BE(),
  id: () => randomBytes(16).toString("base64url"),
};
