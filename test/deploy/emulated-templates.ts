/**
 * Fits synthesized templates to the emulator, in two things about WebSocket APIs:
 *
 * - CDK composes their addresses, as AWS has them, of the API's id, the region and `amazonaws.com`: functions that tell clients
 *   of them, or post to them, would leave this machine.
 * - The emulator's CloudFormation knows no responses of routes and integrations: answers come without, all but that to a ping.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CloudAssembly } from "./cdk.ts";
import type { Emulator } from "./emulator.ts";

const unknownTypes = new Set(["AWS::ApiGatewayV2::IntegrationResponse", "AWS::ApiGatewayV2::RouteResponse"]);

interface Resource {
  readonly Type: string;
  readonly DependsOn?: string | readonly string[];
}

interface Template {
  readonly Resources?: Readonly<Record<string, Resource>>;
}

/** Changes the templates of an assembly. */
export async function fitToEmulator({ folder }: CloudAssembly, { port }: Emulator): Promise<void> {
  const place = `127.0.0.1:${port}/_aws/execute-api/`;
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".template.json")) continue;
    const file = join(folder, name);
    const template = JSON.parse(await readFile(file, "utf8"), (key, value: unknown) =>
      key === "Fn::Join" ? emulatedJoin(value, place) : value,
    ) as Template;
    await writeFile(file, JSON.stringify(withoutUnknown(template)));
  }
}

/** `["wss://", id, ".execute-api.<region>.", suffix, ...]` with another host; anything else as it is. */
function emulatedJoin(joined: unknown, place: string): unknown {
  if (!Array.isArray(joined) || !Array.isArray(joined[1])) return joined;
  const [scheme, id, host, suffix, ...rest] = joined[1] as readonly unknown[];
  if ((scheme !== "wss://" && scheme !== "https://") || typeof host !== "string") return joined;
  if (!host.startsWith(".execute-api.") || !isUrlSuffix(suffix)) return joined;
  return ["", [scheme + place, id, ...rest]];
}

function isUrlSuffix(part: unknown): boolean {
  return typeof part === "object" && part !== null && "Ref" in part && part.Ref === "AWS::URLSuffix";
}

function withoutUnknown(template: Template): Template {
  const { Resources: resources = {} } = template;
  const known = Object.entries(resources).filter(([, { Type: type }]) => !unknownTypes.has(type));
  const ids = new Set(known.map(([id]) => id));
  const fitted = known.map(([id, resource]) => {
    const { DependsOn: on = [] } = resource;
    const left = [on].flat().filter((other) => ids.has(other));
    return [id, { ...resource, DependsOn: left }] as const;
  });
  return { ...template, Resources: Object.fromEntries(fitted) };
}
