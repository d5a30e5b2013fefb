/** What must hold of what clients were told, and of the tree's own log. */
import type { Services } from "../../../shared/services/services.ts";
import type { ZnodeEvent } from "../../../shared/services/coordination.ts";
import { counterPath, ephemeralsPath, type KilledLoad, sequencePath, treePath } from "./killed-load.ts";

const context = { namespace: "default", identities: [] };
const eventNames = ["", "NodeCreated", "NodeDeleted", "NodeDataChanged", "NodeChildrenChanged"];
const pageEvents = 1_000;

/** All that happened below `path`, from the log itself. */
export async function changesBelow(services: Services, path: string, since: number): Promise<readonly ZnodeEvent[]> {
  const found: ZnodeEvent[] = [];
  for (let after = since; ;) {
    const request = { since: after, path, recursive: true, limit: pageEvents, waitMs: 0 };
    const { events, zxid } = await services.changes.changes(context, request);
    found.push(...events);
    if (events.length === 0 || zxid === after) return found;
    after = zxid;
  }
}

/** Of the log, in its order. */
export function logOf(events: readonly ZnodeEvent[]): readonly string[] {
  return events.map(({ zxid, type, path }) => `${zxid} ${type} ${path}`);
}

/** Every event at least once, and in order when those that were told again are left out. */
export function treeProblems(load: KilledLoad, log: readonly string[]): readonly string[] {
  const told = [...new Set(load.seen.map(({ zxid, type, path }) => `${zxid} ${eventNames[type]} ${path}`))];
  const at = log.findIndex((line, index) => line !== told[index]);
  if (at >= 0)
    return [`${load.ephemeralPath} was told ${told[at]} instead of ${log[at]}, ${told.length} of ${log.length}`];
  return told.length > log.length ? [`${load.ephemeralPath} was told ${told[log.length]}, which is nowhere`] : [];
}

/** What was told to have been made is there once, and nothing else is that nobody asked for. */
export async function madeProblems(services: Services, loads: readonly KilledLoad[]): Promise<readonly string[]> {
  const problems: string[] = [];
  const made = new Map<string, number>();
  const count = (name: string): void => void made.set(name, (made.get(name) ?? 0) + 1);
  for (const { type, path } of await changesBelow(services, treePath, 0)) {
    if (type === "NodeCreated" && path !== treePath) count(path.slice(treePath.length + 1));
  }
  for (const { type, path } of await changesBelow(services, sequencePath, 0)) {
    if (type !== "NodeCreated" || path === sequencePath) continue;
    const { data } = await services.znodes.getData(context, path);
    count(new TextDecoder().decode(data ?? new Uint8Array()));
  }
  const asked = new Set(loads.flatMap(({ made: sure, maybeMade }) => [...sure, ...maybeMade]));
  for (const [name, times] of made) {
    if (times !== 1) problems.push(`${name} was made ${times} times`);
    if (!asked.has(name)) problems.push(`${name} was made and refused`);
  }
  for (const load of loads) for (const name of load.made) if (!made.has(name)) problems.push(`${name} is lost`);
  return problems;
}

export async function counterProblems(services: Services, loads: readonly KilledLoad[]): Promise<readonly string[]> {
  const { stat } = await services.znodes.exists(context, counterPath);
  const counted = loads.flatMap((load) => load.counted);
  const problems: string[] = [];
  if (new Set(counted).size !== counted.length) problems.push("two writes made one version of the counter");
  const maybe = loads.reduce((sum, load) => sum + load.maybeCounted, 0);
  if (stat.version < counted.length) problems.push(`${counted.length} writes, version ${stat.version}`);
  if (stat.version > counted.length + maybe) {
    problems.push(`version ${stat.version} of ${counted.length} writes and ${maybe} that may have been`);
  }
  for (const { hasTree, vanishedMs, lastVersion, ephemeralPath } of loads) {
    if (hasTree || vanishedMs !== undefined || lastVersion === stat.version) continue;
    problems.push(`the watch of ${ephemeralPath} ends at version ${lastVersion} of ${stat.version}`);
  }
  return problems;
}

/** Ephemerals that were deleted while their sessions lived. */
export async function ephemeralProblems(services: Services, loads: readonly KilledLoad[]): Promise<readonly string[]> {
  const living = new Set(loads.filter(({ vanishedMs }) => vanishedMs === undefined).map((load) => load.ephemeralPath));
  const events = await changesBelow(services, ephemeralsPath, 0);
  return events
    .filter(({ type, path }) => type === "NodeDeleted" && living.has(path))
    .map(({ path }) => `${path} was deleted while its session lived`);
}
