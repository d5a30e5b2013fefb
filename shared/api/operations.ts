/**
 * What each route takes and answers, by the key of `routes.ts`: all of them, for the API document and for types. What serves
 * requests imports the file of its own capability, because schemas are made when they are imported and a cold start pays.
 */
import type { Operation } from "./operation.ts";
import { operations as electionOperations } from "./operations/elections.ts";
import { operations as fetchOperations } from "./operations/fetch.ts";
import { operations as groupOperations } from "./operations/groups.ts";
import { operations as healthOperations } from "./operations/health.ts";
import { operations as produceOperations } from "./operations/produce.ts";
import { operations as sessionOperations } from "./operations/sessions.ts";
import { operations as shareGroupOperations } from "./operations/share-groups.ts";
import { operations as topicOperations } from "./operations/topics.ts";
import { operations as transactionOperations } from "./operations/transactions.ts";
import { operations as znodeOperations } from "./operations/znodes.ts";
import type { OperationId } from "./routes.ts";

export const operations = {
  ...healthOperations,
  ...topicOperations,
  ...produceOperations,
  ...fetchOperations,
  ...groupOperations,
  ...shareGroupOperations,
  ...transactionOperations,
  ...sessionOperations,
  ...znodeOperations,
  ...electionOperations,
} as const satisfies Record<OperationId, Operation>;

export type Operations = typeof operations;
