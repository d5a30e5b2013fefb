/**
 * IAM's evaluation of identity policies, as far as the policies of ours go: what is not allowed is denied, and a denial wins.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */

export interface Statement {
  readonly effect: "Allow" | "Deny";
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

export interface AskedAction {
  readonly action: string;
  readonly resource: string;
}

export function isAllowed(statements: readonly Statement[], { action, resource }: AskedAction): boolean {
  const concerning = statements.filter(
    ({ actions, resources }) =>
      actions.some((pattern) => matchesPattern(pattern, action)) &&
      resources.some((pattern) => matchesPattern(pattern, resource)),
  );
  return concerning.length > 0 && concerning.every(({ effect }) => effect === "Allow");
}

const compiled = new Map<string, RegExp>();

/** An asterisk stands for any characters, slashes too, a question mark for one; `${*}`, `${?}` and `${$}` for themselves. */
export function matchesPattern(pattern: string, text: string): boolean {
  const known = compiled.get(pattern) ?? compile(pattern);
  compiled.set(pattern, known);
  return known.test(text);
}

/** @throws Error for a policy variable that depends on who asks */
function compile(pattern: string): RegExp {
  const source = pattern.replaceAll(/\$\{(.*?)\}|[^]/gu, (part, variable: string | undefined) => {
    if (variable !== undefined) {
      if (!["*", "?", "$"].includes(variable)) throw new Error(`no variable of ours: ${part}`);
      return `\\${variable}`;
    }
    if (part === "*") return "[^]*";
    if (part === "?") return "[^]";
    return part.replace(/[\\^$.*+?()[\]{}|/]/u, "\\$&");
  });
  return new RegExp(`^${source}$`, "u");
}
