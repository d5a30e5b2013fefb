/**
 * Puts the emulator's addresses of WebSocket APIs into templates. CDK composes them, as AWS has them, of the API's id, the region
 * and `amazonaws.com`: functions that tell clients of them, or post to them, would leave this machine.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CloudAssembly } from "./cdk.ts";
import type { Emulator } from "./emulator.ts";

/** Changes the templates of an assembly, and answers how many addresses it has changed. */
export async function useEmulatedAddresses({ folder }: CloudAssembly, { port }: Emulator): Promise<number> {
  let changed = 0;
  const place = `127.0.0.1:${port}/_aws/execute-api/`;
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".template.json")) continue;
    const file = join(folder, name);
    const template = JSON.parse(await readFile(file, "utf8"), (key, value: unknown) => {
      const parts = key === "Fn::Join" ? emulatedParts(value, place) : undefined;
      if (parts === undefined) return value;
      changed += 1;
      return ["", parts];
    }) as unknown;
    await writeFile(file, JSON.stringify(template));
  }
  return changed;
}

/** `["wss://", id, ".execute-api.<region>.", suffix, ...]` with another host; undefined if it is anything else. */
function emulatedParts(join: unknown, place: string): readonly unknown[] | undefined {
  if (!Array.isArray(join) || !Array.isArray(join[1])) return undefined;
  const [scheme, id, host, suffix, ...rest] = join[1] as readonly unknown[];
  if ((scheme !== "wss://" && scheme !== "https://") || typeof host !== "string") return undefined;
  if (!host.startsWith(".execute-api.") || !isSuffix(suffix)) return undefined;
  return [scheme + place, id, ...rest];
}

function isSuffix(part: unknown): boolean {
  return typeof part === "object" && part !== null && "Ref" in part && part.Ref === "AWS::URLSuffix";
}
