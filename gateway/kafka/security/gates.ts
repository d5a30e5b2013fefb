/** Who may call what: one gate for each API. */
import type { Gates } from "./gate.ts";
import { securityGates } from "./security-gates.ts";
import { topicGates } from "./topic-gates.ts";

export const gates: Gates = new Map([...topicGates, ...securityGates].map(({ key, pass }) => [key, pass]));
