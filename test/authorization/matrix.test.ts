/** Who may send what: the table that was written by hand, against the policies that CDK makes and against tokens. */
import { describe, expect, test } from "vitest";
import { Router } from "../../functions/http/router.ts";
import { authorizationErrorOf } from "../../shared/api/authorization-errors.ts";
import { type OperationId, routes } from "../../shared/api/routes.ts";
import { startFunctions } from "../functions/start-functions.ts";
import { isAllowed } from "./iam-evaluator.ts";
import { matrixText, readMatrix } from "./matrix.ts";
import {
  claimsOf,
  permissionOfClaim,
  type PrincipalName,
  principalNames,
  principals,
  resourceOf,
  synthesizedPolicies,
} from "./principals.ts";

const router = new Router(Object.keys(routes) as OperationId[]);
const claims = claimsOf(matrixText);
const written = readMatrix();

/** In the other namespace each request is its admin's alone. */
const rows = written.flatMap(({ method, path, allowed }) => {
  const here = { method, path, allowed };
  if (!path.startsWith("/v1/default/")) return [here];
  const elsewhere = path.replace("/v1/default/", "/v1/default-2/");
  return [here, { method, path: elsewhere, allowed: new Set<PrincipalName>(["stranger"]) }];
});

function operationOf(method: string, path: string): OperationId {
  const match = router.match(method, path);
  if (match.kind !== "operation") throw new Error(`no route: ${method} ${path}`);
  return match.operationId;
}

describe("the matrix", () => {
  test("has every route", () => {
    const named = new Set(written.map(({ method, path }) => operationOf(method, path)));
    expect(Object.keys(routes).filter((id) => !named.has(id as OperationId))).toEqual([]);
  });

  test("says of each principal the permission that it is granted", () => {
    for (const name of principalNames) {
      const granted = principals[name];
      const said = permissionOfClaim(claims.get(name));
      expect([name, said === undefined]).toEqual([name, granted === undefined]);
    }
    expect(claims.size).toBe(principalNames.length - 1);
  });
});

describe("by IAM", () => {
  const policies = synthesizedPolicies();

  test.each(principalNames)("the %s is allowed what the matrix says, and nothing else", (name) => {
    const statements = policies.get(name) ?? [];
    const allowed = rows.filter(({ method, path }) =>
      isAllowed(statements, { action: "execute-api:Invoke", resource: resourceOf(method, path) }),
    );
    expect(allowed.map(lineOf)).toEqual(rows.filter((row) => row.allowed.has(name)).map(lineOf));
  });

  test.each(principalNames)("the %s reaches no other namespace by a path that has its own one's in it", (name) => {
    const statements = policies.get(name) ?? [];
    const elsewhere = [...written].flatMap(({ method, path }) =>
      ["znodes", "multi", "multi-read", "changes", "subscriptions/znodes"].map((of) => ({
        method,
        path: `/v1/third/${of}${path}`,
      })),
    );
    const reached = elsewhere.filter(({ method, path }) =>
      isAllowed(statements, { action: "execute-api:Invoke", resource: resourceOf(method, path) }),
    );
    expect(reached.map(lineOf)).toEqual([]);
  });
});

describe("by a token", () => {
  const { send } = startFunctions({ authorization: { kind: "jwt", claim: "streamkeeper" } });

  test.each(principalNames)("the %s is allowed what the matrix says, and nothing else", async (name) => {
    const token = { sub: name, iss: "https://issuer", streamkeeper: `[openid ${claims.get(name) ?? ""}]` };
    for (const row of rows) {
      const { method, path } = row;
      const operation = operationOf(method, path);
      const routeKey = `${routes[operation].method} ${routes[operation].path}`;
      const { status, json } = await send(`${method} ${path}`, { claims: token, routeKey });
      const isRefused = status === 403;
      expect([lineOf(row), isRefused]).toEqual([lineOf(row), !row.allowed.has(name)]);
      if (isRefused) expect(json["error"]).toBe(authorizationErrorOf(operation));
    }
  });
});

function lineOf({ method, path }: { readonly method: string; readonly path: string }): string {
  return `${method} ${path}`;
}
