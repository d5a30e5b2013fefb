/** What each route of znodes takes and answers, by the key of `routes.ts`. */
import type { Operation } from "../operation.ts";
import type { OperationId } from "../routes.ts";
import { namespaceParams, noQuery, zxidAnswer } from "../schemas/common.ts";
import * as znodes from "../schemas/znodes.ts";
import { callerErrors, ownSessionErrors, readErrors } from "./shared-errors.ts";

/** The root is always there, and well named. */
const rootErrors = [...ownSessionErrors, "NO_AUTH"] as const;
const createErrors = ["NODE_EXISTS", "NO_CHILDREN_FOR_EPHEMERALS", "INVALID_ACL", "QUOTA_EXCEEDED"] as const;
const setErrors = ["BAD_VERSION", "INVALID_ACL", "QUOTA_EXCEEDED"] as const;

export const operations = {
  getRoot: {
    summary: "Read the root: its data, Stat, children or access control list, or count what is below it",
    params: namespaceParams,
    query: znodes.getZnodeQuery,
    session: "any",
    status: 200,
    answer: znodes.getZnodeAnswer,
    errors: rootErrors,
  },
  setRoot: {
    summary: "Change the root's data or access control list",
    params: namespaceParams,
    query: znodes.setZnodeQuery,
    body: znodes.setZnodeBody,
    session: "any",
    keyed: true,
    status: 200,
    answer: znodes.createdAnswer,
    errors: [...rootErrors, "BAD_ARGUMENTS", ...setErrors],
  },
  createZnode: {
    summary: "Create a znode",
    params: znodes.znodeParams,
    query: noQuery,
    body: znodes.createZnodeBody,
    bodyOptional: true,
    session: "any",
    keyed: true,
    status: 201,
    answer: znodes.createdAnswer,
    errors: [...readErrors, ...createErrors],
  },
  getZnode: {
    summary: "Read a znode: its data, Stat, children or access control list, or count what is below it",
    params: znodes.znodeParams,
    query: znodes.getZnodeQuery,
    session: "any",
    status: 200,
    answer: znodes.getZnodeAnswer,
    errors: readErrors,
  },
  setZnode: {
    summary: "Change a znode's data or access control list",
    params: znodes.znodeParams,
    query: znodes.setZnodeQuery,
    body: znodes.setZnodeBody,
    session: "any",
    keyed: true,
    status: 200,
    answer: znodes.createdAnswer,
    errors: [...readErrors, ...setErrors],
  },
  deleteZnode: {
    summary: "Delete a znode that has no children",
    params: znodes.znodeParams,
    query: znodes.deleteZnodeQuery,
    session: "any",
    keyed: true,
    status: 200,
    answer: zxidAnswer,
    errors: [...readErrors, "BAD_VERSION", "NOT_EMPTY"],
  },
  multi: {
    summary: "Several writes and checks at one zxid: all or nothing",
    params: namespaceParams,
    query: noQuery,
    body: znodes.multiBody,
    session: "any",
    keyed: true,
    status: 200,
    answer: znodes.multiAnswer,
    errors: [...readErrors, ...createErrors, "BAD_VERSION", "NOT_EMPTY", "FENCED"],
  },
  multiRead: {
    summary: "Several reads of one state of the tree, each with its own result or error",
    params: namespaceParams,
    query: noQuery,
    body: znodes.multiReadBody,
    session: "any",
    status: 200,
    answer: znodes.multiReadAnswer,
    errors: callerErrors,
  },
  getChanges: {
    summary: "What has happened since a zxid, to a znode or to all below it",
    params: namespaceParams,
    query: znodes.changesQuery,
    session: "any",
    status: 200,
    answer: znodes.changesAnswer,
    errors: [...callerErrors, "OFFSET_OUT_OF_RANGE"],
  },
  whoAmI: {
    summary: "Who the service takes the caller for",
    params: namespaceParams,
    query: noQuery,
    session: "any",
    status: 200,
    answer: znodes.whoAmIAnswer,
    errors: ["AUTH_FAILED"],
  },
} as const satisfies Partial<Record<OperationId, Operation>>;
