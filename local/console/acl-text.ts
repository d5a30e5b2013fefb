/** Access control lists as zkCli writes them: `scheme:id:cdrwa`. */
import type { Acl } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";

const letters = { c: "create", d: "delete", r: "read", w: "write", a: "admin" } as const;

/** @throws CommandError */
export function parseAcl(text: string): readonly Acl[] {
  return text.split(",").map((row) => {
    const [, scheme, id, permissions] = /^([a-z]+):(.*):([cdrwa]+)$/.exec(row) ?? [];
    if (scheme === undefined || id === undefined || permissions === undefined) {
      throw new CommandError(`an access control list is scheme:id:cdrwa, several joined by commas: ${row}`);
    }
    return {
      scheme,
      id,
      permissions: [...new Set(permissions)].map((letter) => letters[letter as keyof typeof letters]),
    };
  });
}

export function aclText(acl: readonly Acl[]): string {
  return acl
    .map(({ scheme, id, permissions }) => {
      const short = Object.entries(letters).filter(([, name]) => permissions.includes(name));
      return `${scheme}:${id}:${short.map(([letter]) => letter).join("")}`;
    })
    .join(",");
}
