import { invalidRequest } from "./invalid-request.ts";

/**
 * Reads a query string without what `URLSearchParams` forgives: a broken percent-encoding and a repeated parameter are
 * errors. `+` is a space, as in forms.
 *
 * @throws ServiceError INVALID_REQUEST
 */
export function parseQuery(rawQueryString: string): Record<string, string> {
  const query = Object.create(null) as Record<string, string>;
  if (rawQueryString === "") return query;
  for (const pair of rawQueryString.split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals));
    if (name in query) throw invalidRequest("query", name, "is given twice");
    query[name] = decoded(equals === -1 ? "" : pair.slice(equals + 1));
  }
  return query;
}

function decoded(text: string): string {
  if (!text.includes("%") && !text.includes("+")) return text;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw invalidRequest("query", "", "is not percent-encoded UTF-8");
  }
}
