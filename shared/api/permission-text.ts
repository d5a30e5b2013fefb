/**
 * Permissions as they stand in a token: `<action>:<namespace>/<names>`, for example `produce:default/orders-*`,
 * `consume:default/orders/billing`, `coordinate:default/app`, `transact:default`, `operate`.
 *
 * Names are percent-encoded as in URLs; an asterisk at the end of one stands for all that begin so, `%2A` for itself.
 */
import type { Names, Permission } from "./permissions.ts";

/** Undefined for a text that is no permission: a token's scopes may be for others as well. */
export function parsePermission(text: string): Permission | undefined {
  if (text === "operate") return { action: "operate" };
  const colon = text.indexOf(":");
  const action = text.slice(0, colon);
  const [namespace = "", ...rest] = text.slice(colon + 1).split("/");
  if (colon < 0 || namespace === "") return undefined;
  switch (action) {
    case "transact":
    case "read":
    case "admin":
      return rest.length === 0 ? { action, namespace } : undefined;
    case "coordinate":
    case "observe": {
      const path = parseNames(`/${rest.join("/")}`);
      return path === undefined ? undefined : { action, namespace, path };
    }
    default:
      return parseNamed(action, namespace, rest);
  }
}

function parseNamed(action: string, namespace: string, rest: readonly string[]): Permission | undefined {
  const [first, second] = rest.map(parseNames);
  if (first === undefined) return undefined;
  switch (action) {
    case "produce":
    case "fetch":
    case "manage":
      return rest.length === 1 ? { action, namespace, topic: first } : undefined;
    case "consume":
    case "share":
      return rest.length === 2 && second !== undefined ? { action, namespace, topic: first, group: second } : undefined;
    case "elect":
      return rest.length === 1 ? { action, namespace, election: first } : undefined;
    case "lock":
      return rest.length === 1 ? { action, namespace, lock: first } : undefined;
    default:
      return undefined;
  }
}

function parseNames(text: string): Names | undefined {
  const isPrefix = text.endsWith("*");
  try {
    const value = (isPrefix ? text.slice(0, -1) : text).split("/").map(decodeName).join("/");
    if (value === "/" && !isPrefix) return value;
    return isPrefix ? { prefix: value } : { exact: value };
  } catch (error) {
    if (error instanceof URIError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** An encoded slash would be part of a name, and no name has one. */
function decodeName(text: string): string {
  const name = decodeURIComponent(text);
  if (name.includes("/")) throw new RangeError("a name has no slash");
  return name;
}
