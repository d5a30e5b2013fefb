/** The same steps on our services. */
import { type ErrorCode, errorTable, ServiceError } from "../../../shared/api/errors.ts";
import type { CallContext, MultiOperation, MultiResult, ZnodeService } from "../../../shared/services/coordination.ts";
import type { Services } from "../../../shared/services/services.ts";
import { treeErrorCodes, type TreeErrorCode } from "../../../shared/tree/tree-request.ts";
import { type Answer, hexOf } from "./answer.ts";
import type { CreateStep, Step, WriteStep } from "./generate.ts";

export async function doOurs(services: Services, context: CallContext, step: Step): Promise<Answer> {
  try {
    return await carryOut(services, context, step);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { results } = error.details;
    if (step.kind !== "multi" || !Array.isArray(results)) return { err: codeOf(error.code) };
    return { err: 0, results: results.map((name) => ({ err: treeErrorCodes[name as TreeErrorCode] })) };
  }
}

async function carryOut({ znodes, sessions }: Services, context: CallContext, step: Step): Promise<Answer> {
  switch (step.kind) {
    case "create": {
      const { path, stat } = await znodes.create(context, createOf(step));
      return { err: 0, path, stat };
    }
    case "delete":
      await znodes.delete(context, step);
      return { err: 0 };
    case "check":
      throw new Error("no client sends a check by itself");
    case "setData":
      return { err: 0, stat: (await znodes.setData(context, step)).stat };
    case "setAcl":
      return { err: 0, stat: (await znodes.setAcl(context, step)).stat };
    case "exists":
      return { err: 0, stat: (await znodes.exists(context, step.path)).stat };
    case "getData": {
      const { data, stat } = await znodes.getData(context, step.path);
      return { err: 0, data: hexOf(data), stat };
    }
    case "getChildren": {
      const { children, stat } = await allChildren(znodes, context, step.path);
      return { err: 0, names: children.toSorted(), stat };
    }
    case "getAcl": {
      const { acl, stat } = await znodes.getAcl(context, step.path);
      return { err: 0, acl, stat };
    }
    case "ephemerals": {
      if (context.session === undefined) throw new Error("ephemerals are those of a session");
      const { ephemerals } = await sessions.describe(context.namespace, context.session);
      return { err: 0, names: ephemerals.filter((path) => path.startsWith(step.path)).toSorted() };
    }
    case "count":
      return { err: 0, count: (await znodes.countDescendants(context, step.path)).count };
    case "multi": {
      const operations = step.steps.map(operationOf);
      const { results } = await znodes.multi(context, { operations });
      return { err: 0, results: results.map(multiAnswer) };
    }
    case "multiRead": {
      const { results } = await znodes.multiRead(context, step.steps);
      return {
        err: 0,
        results: results.map((result): Answer => {
          if (result.kind === "error") return { err: codeOf(result.error) };
          if (result.kind === "getChildren") return { err: 0, names: result.children.toSorted() };
          return { err: 0, data: hexOf(result.data), stat: result.stat };
        }),
      };
    }
  }
}

/** Nobody else changes anything between two pages. */
export async function allChildren(znodes: ZnodeService, context: CallContext, path: string) {
  const first = await znodes.getChildren(context, path, { limit: 1_000 });
  const children = [...first.children];
  for (let { nextToken } = first; nextToken !== undefined;) {
    const page = await znodes.getChildren(context, path, { limit: 1_000, nextToken });
    children.push(...page.children);
    ({ nextToken } = page);
  }
  return { children, stat: first.stat };
}

function operationOf(step: WriteStep): MultiOperation {
  return step.kind === "create" ? { kind: "create", ...createOf(step) } : step;
}

function createOf({ path, data, mode, acl, ttlMs }: CreateStep) {
  return { path, data, mode, acl, ...(ttlMs === undefined ? {} : { ttlMs }) };
}

function multiAnswer(result: MultiResult): Answer {
  if (result.kind === "create") return { err: 0, path: result.path, stat: result.stat };
  return result.kind === "setData" ? { err: 0, stat: result.stat } : { err: 0 };
}

function codeOf(code: ErrorCode): number {
  return errorTable[code].zookeeper;
}
