/**
 * However API Gateway reads a URL, what IAM allows must be what the function does. Which reading IAM is asked about is not
 * documented: the URL as it was sent, or decoded, once or twice; a function gets it decoded, and cut at a question mark.
 */
import { describe, expect, test } from "vitest";
import { checkAuthorizedPath } from "../../functions/http/authorized-path.ts";
import { Router } from "../../functions/http/router.ts";
import { permits, rulesOf } from "../../shared/api/permissions.ts";
import { type HttpMethod, type OperationId, type Route, routes } from "../../shared/api/routes.ts";
import { isAllowed, type Statement } from "./iam-evaluator.ts";
import { type PrincipalName, principals, resourceOf, synthesizedPolicies } from "./principals.ts";

const router = new Router(Object.keys(routes) as OperationId[]);
const policies = synthesizedPolicies();
const attackers = ["producers", "consumers", "workers", "owners", "services", "coordinator", "transactor"] as const;

/** What may stand where a name does, to lead elsewhere. */
const odd = [
  "x",
  "x%2F..%2F..%2Fpayments",
  "x%252F..%252F..%252Fpayments",
  "x/../../payments",
  "x/%2E%2E/payments",
  "x%2Fpartitions%2F0%2Ftruncate%3F",
  "x%2Frecords%3F",
  "x%3F",
  "x%253F",
  "x?y",
  "x*",
  "%2E%2E",
  "x%2Foffsets%2Freset%3Fy",
  "x%2Fmembers%2Fm%3F",
] as const;
/** Beginnings of names that somebody may use, by where they stand. */
const begun: Readonly<Record<string, readonly string[]>> = {
  topic: ["orders-"],
  group: ["billing-", "mail-"],
  path: ["app/svc-", "app/"],
};

interface Sent {
  readonly method: HttpMethod;
  readonly path: string;
}

/** Every route with odd names in one of its places, and names that are allowed in the others. */
function* oddRequests(): Generator<Sent> {
  const usual: Readonly<Record<string, string>> = {
    namespace: "default",
    topic: "orders-eu",
    group: "billing-eu",
    path: "app/svc-1",
  };
  for (const { method, path } of Object.values<Route>(routes)) {
    const places = [...path.matchAll(/\{(\w+)\+?\}/g)].map(([, name = ""]) => name);
    for (const place of places) {
      for (const name of odd) {
        for (const beginning of begun[place] ?? [""]) {
          const filled = path.replaceAll(/\{(\w+)\+?\}/g, (_, one: string) =>
            one === place ? beginning + name : (usual[one] ?? "0"),
          );
          yield { method, path: filled };
        }
      }
    }
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** As it was sent, and as it may have become on its way; each may be what IAM is asked about. */
function readingsOf(path: string): readonly string[] {
  const readings = [path, decoded(path), decoded(decoded(path))];
  return [...new Set([...readings, ...readings.map((one) => one.split("?")[0] ?? "")])];
}

/** What the function would do, if API Gateway found the route in the same reading; undefined where it refuses. */
function doneBy({ method, path }: Sent) {
  try {
    const match = router.match(method, path, true);
    if (match.kind !== "operation") return undefined;
    const { operationId } = match;
    const routeKey = `${routes[operationId].method} ${routes[operationId].path}`;
    const requestContext = { requestId: "r", http: { method } };
    const event = { rawPath: path, rawQueryString: "", headers: {}, isBase64Encoded: false, requestContext, routeKey };
    checkAuthorizedPath(event, operationId);
    return { ...match, path };
  } catch {
    return undefined;
  }
}

/** Only those that a function would do something for in one of their readings. */
const requests = [...oddRequests()].flatMap((sent) => {
  const readings = readingsOf(sent.path);
  const done = readings.flatMap((path) => doneBy({ ...sent, path }) ?? []);
  return done.length === 0 ? [] : [{ ...sent, readings, done }];
});

/** Requests that IAM lets pass in one reading and that do in another what the permission does not say. */
function escapes(name: PrincipalName, statements: readonly Statement[]): readonly string[] {
  const permission = principals[name];
  const rules = permission === undefined ? [] : rulesOf(permission);
  return requests.flatMap(({ method, path, readings, done }) => {
    const unsaid = done.filter(({ operationId, params }) => !permits(rules, operationId, params));
    const mayPass = (): boolean =>
      readings.some((one) =>
        isAllowed(statements, { action: "execute-api:Invoke", resource: resourceOf(method, one) }),
      );
    if (unsaid.length === 0 || !mayPass()) return [];
    return unsaid.map((one) => `${method} ${path} does ${one.operationId} at ${one.path}`);
  });
}

describe("a URL that can be read in more than one way", () => {
  test.each(attackers)("gives the %s nothing that the permission does not say", (name) => {
    expect(escapes(name, policies.get(name) ?? [])).toEqual([]);
  });

  test("would give more, did the policies not deny such URLs", () => {
    const found = attackers.flatMap((name) =>
      escapes(
        name,
        (policies.get(name) ?? []).filter(({ effect }) => effect === "Allow"),
      ),
    );
    expect(found.some((escape) => escape.includes("does truncate"))).toBe(true);
  });
});
