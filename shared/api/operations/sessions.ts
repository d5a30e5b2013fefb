/** What each route of sessions takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noQuery, zxidAnswer } from "../schemas/common.ts";
import * as sessions from "../schemas/sessions.ts";
import { ownSessionErrors } from "./shared-errors.ts";

export const operations = {
  createSession: {
    summary: "Open a session",
    params: namespaceParams,
    query: noQuery,
    body: sessions.createSessionBody,
    bodyOptional: true,
    status: 201,
    answer: sessions.createSessionAnswer,
    errors: ["UNKNOWN_NAMESPACE", "QUOTA_EXCEEDED"],
  },
  describeSession: {
    summary: "Describe a session and what goes with it",
    params: sessions.sessionParams,
    query: noQuery,
    session: "own",
    status: 200,
    answer: sessions.describeSessionAnswer,
    errors: ownSessionErrors,
  },
  heartbeat: {
    summary: "Keep a session alive, or take it up again in another process",
    params: sessions.sessionParams,
    query: noQuery,
    session: "own",
    status: 200,
    answer: sessions.heartbeatAnswer,
    errors: ownSessionErrors,
  },
  closeSession: {
    summary: "Close a session: its ephemerals go at one zxid",
    params: sessions.sessionParams,
    query: noQuery,
    session: "own",
    status: 200,
    answer: zxidAnswer,
    errors: ownSessionErrors,
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
