/** Every route of share groups, with each of the errors that it is said to answer. */
import { operations } from "../../shared/api/operations/share-groups.ts";
import { groupWalk } from "./group-bed.ts";
import { cases, goodCalls } from "./share-errors.ts";
import { walkRoutes } from "./walk-routes.ts";

walkRoutes({ operations, ...groupWalk, goodCalls, cases });
