/** Who may call what: one gate for each API. */
import type { Gates } from "./gate.ts";
import { administrationGates } from "./administration-gates.ts";
import { groupGates } from "./group-gates.ts";
import { securityGates } from "./security-gates.ts";
import { topicGates } from "./topic-gates.ts";
import { transactionGates } from "./transaction-gates.ts";

const entries = [...topicGates, ...groupGates, ...administrationGates, ...transactionGates, ...securityGates];

export const gates: Gates = new Map(entries.map(({ key, pass }) => [key, pass]));
