import { namespaceNameCharsMax } from "../limits.ts";

/** There from the start. */
export const defaultNamespace = "default";
/** Part of the paths of the API. */
const reservedNames: ReadonlySet<string> = new Set(["namespaces"]);

/** What is wrong with a namespace's name, or undefined. */
export function findNamespaceNameProblem(name: string): string | undefined {
  if (name.length < 1 || name.length > namespaceNameCharsMax) return `has 1 to ${namespaceNameCharsMax} characters`;
  if (!/^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(name)) {
    return "has lower-case letters, digits and hyphens, no hyphen at either end";
  }
  return reservedNames.has(name) ? "is not one that the API uses itself" : undefined;
}
