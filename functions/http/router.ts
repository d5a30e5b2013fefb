import { ServiceError } from "../../shared/api/errors.ts";
import { routes } from "../../shared/api/routes.ts";
import type { HttpMethod, OperationId } from "../../shared/api/routes.ts";
import { invalidRequest } from "./invalid-request.ts";

interface PathNode {
  readonly literals: Map<string, PathNode>;
  parameter: { readonly name: string; readonly node: PathNode } | undefined;
  /** Takes all segments that are left. */
  rest: { readonly name: string; readonly node: PathNode } | undefined;
  readonly operations: Map<HttpMethod, OperationId>;
}

export type RouteMatch =
  | { readonly kind: "operation"; readonly operationId: OperationId; readonly params: Readonly<Record<string, string>> }
  /** The answer to OPTIONS. */
  | { readonly kind: "methods"; readonly allow: string };

const newNode = (): PathNode => ({
  literals: new Map(),
  parameter: undefined,
  rest: undefined,
  operations: new Map(),
});

/** Finds the operation of a method and a path among some of the routes. A literal segment goes before a parameter. */
export class Router {
  private readonly root = newNode();

  constructor(operationIds: readonly OperationId[]) {
    for (const operationId of operationIds) this.add(operationId);
  }

  /**
   * @param isDecoded the path is not percent-encoded any more
   * @throws ServiceError NOT_FOUND | METHOD_NOT_ALLOWED (details: allow) | INVALID_REQUEST for a broken percent-encoding |
   *   BAD_ARGUMENTS for a slash that is encoded where segments are kept apart
   */
  match(method: string, rawPath: string, isDecoded = false): RouteMatch {
    const params: Record<string, string> = {};
    const decode = isDecoded ? (segment: string): string => segment : decoded;
    let node: PathNode | undefined = this.root;
    let start = 1;
    while (node !== undefined && start <= rawPath.length) {
      if (node.rest !== undefined && start < rawPath.length) {
        params[node.rest.name] = restOf(rawPath.slice(start), node.rest.name, decode);
        node = node.rest.node;
        break;
      }
      const slash = rawPath.indexOf("/", start);
      const end = slash === -1 ? rawPath.length : slash;
      node = this.step(node, rawPath.slice(start, end), params, decode);
      start = end + 1;
    }
    if (node === undefined || node.operations.size === 0 || rawPath.charCodeAt(0) !== 47) {
      throw new ServiceError("NOT_FOUND", "There is no such path in this API");
    }
    // RFC 9110 section 9.3.2: HEAD is GET without the body, which the server that writes the answer leaves out.
    const operationId = node.operations.get((method === "HEAD" ? "GET" : method) as HttpMethod);
    if (operationId !== undefined) return { kind: "operation", operationId, params };
    const allow = allowedMethods(node);
    if (method === "OPTIONS") return { kind: "methods", allow };
    throw new ServiceError("METHOD_NOT_ALLOWED", `This path takes ${allow}`, { details: { allow } });
  }

  private step(node: PathNode, segment: string, params: Record<string, string>, decode: Decode): PathNode | undefined {
    const literal = node.literals.get(segment);
    if (literal !== undefined) return literal;
    if (node.parameter === undefined || segment === "") return undefined;
    params[node.parameter.name] = decode(segment, node.parameter.name);
    return node.parameter.node;
  }

  private add(operationId: OperationId): void {
    const { method, path } = routes[operationId];
    let node = this.root;
    for (const segment of path.slice(1).split("/")) {
      if (segment.endsWith("+}")) {
        node.rest ??= { name: segment.slice(1, -2), node: newNode() };
        node = node.rest.node;
      } else if (segment.startsWith("{")) {
        const name = segment.slice(1, -1);
        if (node.parameter !== undefined && node.parameter.name !== name) {
          throw new Error(`routes disagree on the name of a parameter: ${node.parameter.name}, ${name}`);
        }
        node.parameter ??= { name, node: newNode() };
        node = node.parameter.node;
      } else {
        const next = node.literals.get(segment) ?? newNode();
        node.literals.set(segment, next);
        node = next;
      }
    }
    node.operations.set(method, operationId);
  }
}

function allowedMethods(node: PathNode): string {
  const methods: string[] = [...node.operations.keys()];
  if (node.operations.has("GET")) methods.push("HEAD");
  return [...methods, "OPTIONS"].join(", ");
}

type Decode = (segment: string, name: string) => string;

/** Segment by segment: a slash that was encoded would be part of a name, and names of znodes have none. */
function restOf(rest: string, name: string, decode: Decode): string {
  return rest
    .split("/")
    .map((segment) => {
      const text = decode(segment, name);
      if (text.includes("/")) throw new ServiceError("BAD_ARGUMENTS", "A znode's name has no slash, encoded or not");
      return text;
    })
    .join("/");
}

function decoded(segment: string, name: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw invalidRequest("path", name, "is not percent-encoded UTF-8");
  }
}
