/** Every route of groups and transactions, with each of the errors that it is said to answer. */
import { vi } from "vitest";
import { operations as groupOperations } from "../../shared/api/operations/groups.ts";
import { operations as transactionOperations } from "../../shared/api/operations/transactions.ts";
import { goodCalls, groupWalk } from "./group-bed.ts";
import { cases } from "./group-errors.ts";
import { walkRoutes } from "./walk-routes.ts";

// Nothing is replaced but how much is allowed, and how long is tried what a test lets fail.
vi.mock("../../shared/limits/groups.ts", async (limits) => ({ ...(await limits<object>()), groupMembersMax: 3 }));
vi.mock("../../shared/limits/transactions.ts", async (limits) => ({ ...(await limits<object>()), markerTriesMax: 1 }));

walkRoutes({ operations: { ...groupOperations, ...transactionOperations }, ...groupWalk, goodCalls, cases });
