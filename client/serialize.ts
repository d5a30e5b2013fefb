import { jsonMediaType, routes } from "../shared/api/routes.ts";
import type { OperationId } from "../shared/api/routes.ts";
import type { CommandDefaults, RequestParts } from "./command.ts";
import type { Endpoint } from "./endpoint.ts";
import { encodeUriPart } from "./http-message.ts";
import type { HttpRequest } from "./http-message.ts";

/** What a command was given cannot be put into a request: a name is missing or empty. */
export class CommandInputError extends TypeError {
  override readonly name = "CommandInputError";
}

/** What the path of any route may name. */
export interface PathNames {
  /** Default: the client's namespace. */
  readonly namespace?: string | undefined;
  readonly topic?: string;
  readonly partition?: number;
  readonly sessionId?: string;
  readonly election?: string;
  readonly lock?: string;
  readonly group?: string;
  /** Of a consumer group. */
  readonly member?: string;
  readonly transactionalId?: string;
  /** Of a znode, with its first slash. */
  readonly path?: string;
}

/**
 * Method, path and function of a route, with the names filled in.
 *
 * @throws CommandInputError if a name is missing or empty
 */
export function routeTo(
  operation: OperationId,
  names: PathNames,
  defaults: CommandDefaults,
): Pick<RequestParts, "method" | "path" | "capability"> {
  const { method, path, capability } = routes[operation];
  const values: Readonly<Record<string, string | number | undefined>> = {
    namespace: names.namespace ?? defaults.namespace,
    topic: names.topic,
    partition: names.partition,
    sessionId: names.sessionId,
    election: names.election,
    lock: names.lock,
    group: names.group,
    member: names.member,
    transactionalId: names.transactionalId,
  };
  const filled = path.replace(/\{(\w+)(\+?)\}/g, (_, name: string, greedy: string) => {
    if (greedy !== "") return encodePath(names.path);
    const value = values[name];
    if (value === undefined || value === "") throw new CommandInputError(`${name} is missing`);
    return encodeUriPart(String(value));
  });
  return { method, path: filled, capability };
}

/** The route for a znode: the root has one of its own. */
export function znodeRoute(
  operation: "getZnode" | "setZnode",
  names: PathNames,
  defaults: CommandDefaults,
): Pick<RequestParts, "method" | "path" | "capability"> {
  if (names.path !== "/") return routeTo(operation, names, defaults);
  return routeTo(operation === "getZnode" ? "getRoot" : "setRoot", names, defaults);
}

/** The slashes stay as they are. */
function encodePath(path: string | undefined): string {
  if (path === "/") throw new CommandInputError("the root / is always there: it is not created or deleted");
  if (path === undefined || !path.startsWith("/")) {
    throw new CommandInputError(`a znode's path begins with a slash: ${path}`);
  }
  return path.slice(1).split("/").map(encodeUriPart).join("/");
}

/** An idempotency key as a header, if there is one. */
export function idempotencyHeaders(key: string | undefined): Readonly<Record<string, string>> {
  return key === undefined ? {} : { "idempotency-key": key };
}

/** The request that a command describes, addressed to an endpoint. */
export function requestOf(parts: RequestParts, endpoint: Endpoint): HttpRequest {
  const { method, json, headers = {} } = parts;
  const body = json === undefined ? parts.body : Buffer.from(JSON.stringify(json));
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(parts.query ?? {})) {
    if (value !== undefined) query[name] = String(value);
  }
  return {
    method,
    protocol: endpoint.protocol,
    hostname: endpoint.hostname,
    ...(endpoint.port === undefined ? {} : { port: endpoint.port }),
    path: endpoint.basePath + parts.path,
    query,
    headers: json === undefined ? headers : { "content-type": jsonMediaType, ...headers },
    ...(body === undefined ? {} : { body }),
    ...(endpoint.signing === undefined ? {} : { signing: endpoint.signing }),
  };
}
