/**
 * Rules as methods and patterns of paths, in the way of IAM: an asterisk stands for any characters, slashes included, and
 * `${*}` for an asterisk.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
import { namespaceOperations, namespacePrefix, type NamePattern, type Rule } from "./permissions.ts";
import { type HttpMethod, type Route, routes } from "./routes.ts";

export interface PathPattern {
  readonly method: HttpMethod;
  readonly path: string;
}

/**
 * URLs that may be read in more than one way, for a statement that denies them: what AWS checks a permission for must be what
 * the function does. A percent-encoded slash, question mark, percent sign or dot, a question mark, and a segment `..`: API
 * Gateway decodes a path before a function gets it, and cuts it at a question mark.
 */
export const ambiguousPaths: readonly string[] = [
  "*%2F*",
  "*%2f*",
  "*%3F*",
  "*%3f*",
  "*%25*",
  "*%2E*",
  "*%2e*",
  "*${?}*",
  "*/../*",
  "*/..",
];

/**
 * The patterns of what the rules allow, without those that another one covers.
 *
 * @throws RangeError for a name that a path cannot say without doubt
 */
export function pathPatternsOf(rules: readonly Rule[]): readonly PathPattern[] {
  const whole = wholeNamespaces(rules);
  const found = rules.flatMap(({ operation, names }) => {
    const { method, path } = routes[operation];
    return filledPaths(path, names).map((filled) => ({ method, path: filled }));
  });
  return withoutCovered([...whole, ...found]);
}

/**
 * One pattern for each method all of whose routes inside a namespace are allowed, whatever else their paths name. An asterisk in
 * place of the methods would stand for slashes as well: `*` + `/v1/team/*` also allows `GET/v1/other/znodes/v1/team/x`.
 */
function wholeNamespaces(rules: readonly Rule[]): readonly PathPattern[] {
  const open = rules.filter(({ names }) => Object.keys(names).length === 1 && names["namespace"]?.kind === "exact");
  const patterns: PathPattern[] = [];
  const methods = new Set<HttpMethod>(namespaceOperations.map((id) => routes[id].method));
  for (const [namespace = "", ofOne] of Map.groupBy(open, ({ names }) => names["namespace"]?.value)) {
    const allowed = new Set(ofOne.map(({ operation }) => operation));
    const path = `${namespacePrefix.replace("{namespace}", namespace)}*`;
    const missing = new Set<HttpMethod>(
      namespaceOperations.filter((id) => !allowed.has(id)).map((id) => routes[id].method),
    );
    patterns.push(...[...methods].filter((method) => !missing.has(method)).map((method) => ({ method, path })));
  }
  return patterns;
}

/** A name with other characters than URLs keep as they are may be seen as it is or percent-encoded. */
function filledPaths(path: Route["path"], names: Rule["names"]): readonly string[] {
  const filled = (encode: (text: string) => string): string =>
    path.replaceAll(/\{(\w+)\+?\}/g, (_, name: string) => {
      const pattern = names[name];
      if (pattern === undefined) return "*";
      const text = pattern.value.split("/").map(encode).join("/");
      return pattern.kind === "prefix" ? `${text}*` : text;
    });
  for (const pattern of Object.values(names)) checkSayable(pattern);
  return [...new Set([filled(escaped), filled((text) => escaped(percentEncoded(text)))])];
}

/** What API Gateway makes of such names is not known well enough to allow anything by them; the functions refuse them. */
function checkSayable({ value }: NamePattern): void {
  if (/[%?]/.test(value)) throw new RangeError(`a name with % or ? cannot be allowed by itself: ${value}`);
}

function escaped(text: string): string {
  return text.replaceAll(/[*?$]/g, (character) => `\${${character}}`);
}

/** As the client does it: all but RFC 3986's unreserved characters. */
function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function withoutCovered(patterns: readonly PathPattern[]): readonly PathPattern[] {
  return patterns.filter(
    (one, index) =>
      !patterns.some((other, otherIndex) => {
        if (otherIndex === index || !covers(other, one)) return false;
        // Of two that are the same the first stays.
        return !covers(one, other) || otherIndex < index;
      }),
  );
}

/** Only an asterisk at the end is looked at: that is the one that covers much. */
function covers(wide: PathPattern, narrow: PathPattern): boolean {
  if (wide.method !== narrow.method) return false;
  if (wide.path === narrow.path) return true;
  const beginning = wide.path.slice(0, -1);
  return wide.path.endsWith("*") && !beginning.includes("*") && narrow.path.startsWith(beginning);
}
