/** What each route of elections and locks takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { noQuery } from "../schemas/common.ts";
import * as elections from "../schemas/elections.ts";
import { callerErrors, readErrors } from "./shared-errors.ts";

/** A place in line is a znode: it may be given up while it waits, and what is above it may be anything. */
const lineErrors = [...readErrors, "NO_CHILDREN_FOR_EPHEMERALS", "QUOTA_EXCEEDED"] as const;

export const operations = {
  campaign: {
    summary: "Stand for election, and wait to be elected",
    params: elections.electionParams,
    query: noQuery,
    body: elections.campaignBody,
    bodyOptional: true,
    session: "any",
    status: 200,
    answer: elections.campaignAnswer,
    errors: lineErrors,
  },
  resign: {
    summary: "Stand down",
    params: elections.electionParams,
    query: noQuery,
    body: elections.contenderBody,
    bodyOptional: true,
    session: "any",
    status: 204,
    errors: readErrors,
  },
  proclaim: {
    summary: "Change what the leader has to say",
    params: elections.electionParams,
    query: noQuery,
    body: elections.proclaimBody,
    session: "any",
    status: 200,
    answer: elections.proclaimAnswer,
    errors: [...readErrors, "FENCED"],
  },
  describeElection: {
    summary: "Who leads",
    params: elections.electionParams,
    query: noQuery,
    session: "any",
    status: 200,
    answer: elections.electionAnswer,
    errors: [...callerErrors, "NO_AUTH"],
  },
  observeElection: {
    summary: "Wait for another leader, or for what the leader proclaims",
    params: elections.electionParams,
    query: elections.observeQuery,
    session: "any",
    status: 200,
    answer: elections.observeAnswer,
    errors: [...callerErrors, "NO_AUTH"],
  },
  acquireLock: {
    summary: "Acquire a lock, and wait for it",
    params: elections.lockParams,
    query: noQuery,
    body: elections.acquireBody,
    bodyOptional: true,
    session: "any",
    status: 200,
    answer: elections.acquireAnswer,
    errors: lineErrors,
  },
  releaseLock: {
    summary: "Release a lock, or leave its line",
    params: elections.lockParams,
    query: noQuery,
    body: elections.contenderBody,
    bodyOptional: true,
    session: "any",
    status: 204,
    errors: readErrors,
  },
  describeLock: {
    summary: "Who holds a lock, and how many wait",
    params: elections.lockParams,
    query: noQuery,
    session: "any",
    status: 200,
    answer: elections.lockAnswer,
    errors: [...callerErrors, "NO_AUTH"],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
