/**
 * The same random operations on a real ZooKeeper and on our services: results, Stats, children, error codes and events
 * must not differ, but for what docs/zookeeper-differences.md says.
 */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createServices } from "../../shared/services/create-services.ts";
import type { CallContext } from "../../shared/services/coordination.ts";
import type { Services } from "../../shared/services/services.ts";
import { createMemoryStorage } from "../../shared/storage/memory/memory-storage.ts";
import type { Identity } from "../../shared/tree/acl.ts";
import { treeErrorCodes } from "../../shared/tree/tree-request.ts";
import { WireClient } from "../gateway/zookeeper/wire-client.ts";
import type { Answer } from "./zookeeper/answer.ts";
import { Comparison } from "./zookeeper/compare.ts";
import { Generator, type Step } from "./zookeeper/generate.ts";
import { allChildren, doOurs } from "./zookeeper/our-side.ts";
import { authenticate, doReal } from "./zookeeper/real-side.ts";
import { startZooKeeper } from "./zookeeper/server.ts";
import { WatchedPair, watchedScopes } from "./zookeeper/watched-pair.ts";

const operationsMin = Number(process.env["STREAMKEEPER_PEER_OPERATIONS"] ?? 200_000);
const seed = Number(process.env["STREAMKEEPER_PEER_SEED"] ?? 20_261_121);
/** Operations of one caller in a row; after each batch the watchers are compared. */
const batchSteps = 40;
const users = ["ann:one", "bob:two", "super:secret"] as const;
const callers: readonly (readonly (typeof users)[number][])[] = [
  [],
  ["ann:one"],
  ["bob:two", "ann:one"],
  ["super:secret"],
];
const namespace = "default";

const superuser = 3;
const removedAtOnce = 20;
const realTimeoutMs = 40_000;

/** One caller, connected to both sides. */
interface Caller {
  real: WireClient;
  ours: CallContext;
}

test(`${operationsMin} random operations have the results of ZooKeeper 3.8`, { timeout: 1_800_000 }, async () => {
  await using server = await startZooKeeper(digestOf("super:secret"));
  const memory = createMemoryStorage({ dropsExpiredEntries: false });
  const services = createServices(memory.storage);
  const generator = new Generator(seed, users.map(digestOf));
  const comparison = new Comparison();
  const open = (proofs: readonly string[]): Promise<Caller> => openCaller(server.port, services, proofs, comparison);
  const connected = await Promise.all(callers.map(open));
  const watchers = await Promise.all(
    watchedScopes.map((scope, index) =>
      WatchedPair.open(server.port, services, scope, identitiesOf(index === 0 ? ["super:secret"] : []), index === 0),
    ),
  );
  let operations = 0;
  const recent: string[] = [];
  /** How often each operation was answered how. */
  const met = new Map<string, number>();
  const begunMs = performance.now();
  while (operations < operationsMin) {
    // Now and then the superuser makes room, or what nobody may delete would be all that is left.
    const makesRoom = generator.below(12) === 0;
    const index = makesRoom ? superuser : generator.below(connected.length);
    const caller = connected[index];
    if (caller === undefined) continue;
    const steps = makesRoom
      ? await removalOf(services, caller.ours, generator)
      : Array.from({ length: batchSteps }, () => generator.step());
    const pipelined = pipeline(caller.real, steps);
    for (const [at, step] of steps.entries()) {
      const ours = await doOurs(services, caller.ours, step);
      const real = await pipelined[at];
      if (real === undefined) continue;
      const problem = comparison.find(real, ours);
      const kind = `${step.kind} ${errorNameOf(real)}`;
      met.set(kind, (met.get(kind) ?? 0) + 1);
      recent.push(describeStep(index, step, real, ours));
      if (recent.length > 400) recent.shift();
      if (problem !== undefined) throw new Error(explain(problem, operations + at, step, recent));
    }
    operations += steps.length;
    for (const watcher of watchers) {
      const problem = await watcher.compare();
      if (problem !== undefined) throw new Error(explain(problem, operations, undefined, recent));
    }
    if (generator.below(40) === 0) {
      // The session ends with its ephemerals, and another begins.
      await caller.real.send("closeSession", {});
      const { session } = caller.ours;
      if (session !== undefined) await services.sessions.close(namespace, session);
      for (const watcher of watchers) {
        const problem = await watcher.compare({ anyOrder: true });
        if (problem !== undefined) throw new Error(explain(problem, operations, undefined, recent));
      }
      connected[index] = await open(callers[index] ?? []);
    }
  }
  expect(comparison.findDisorder()).toBeUndefined();
  const seconds = (performance.now() - begunMs) / 1_000;
  const events = watchers.reduce((sum, { compared }) => sum + compared, 0);
  const rate = Math.round(operations / seconds);
  process.stdout.write(`${operations} operations and ${events} events compared, ${rate}/s, seed ${seed}\n`);
  const counts = [...met].toSorted(([one], [other]) => (one < other ? -1 : 1));
  process.stdout.write(`${counts.map(([kind, count]) => `${kind} ${count}`).join(", ")}\n`);
  for (const kind of ["create", "delete", "setData", "setAcl", "getData", "getChildren", "getAcl", "multi"]) {
    expect(met.get(`${kind} OK`), `${kind} that succeeds`).toBeGreaterThan(operations / 2_000);
  }
  for (const caller of connected) caller.real.destroy();
  for (const watcher of watchers) watcher.destroy();
  await memory.close();
});

/** Deletes some of the znodes below the root, with all below them. */
async function removalOf(services: Services, context: CallContext, generator: Generator): Promise<readonly Step[]> {
  const childrenOf = async (path: string): Promise<readonly string[]> => {
    const { children } = await allChildren(services.znodes, context, path);
    return children.map((name) => (path === "/" ? `/${name}` : `${path}/${name}`));
  };
  const all = (await childrenOf("/")).filter((path) => path !== "/zookeeper");
  const first = generator.below(Math.max(1, all.length));
  const paths = all.slice(first, first + removedAtOnce);
  for (const path of paths) paths.push(...(await childrenOf(path)));
  return paths.toReversed().map((path) => ({ kind: "delete", path, version: -1 }));
}

/**
 * Sends all of them without waiting for answers; but ZooKeeper checks what follows a setACL by the old list until that is
 * applied, so that is waited for.
 */
function pipeline(client: WireClient, steps: readonly Step[]): readonly Promise<Answer>[] {
  let gate: Promise<unknown> | undefined;
  return steps.map((step) => {
    const answer = gate === undefined ? doReal(client, step) : gate.then(() => doReal(client, step));
    // Where one is not waited for because another differed, nobody is to trip over it.
    answer.catch(() => undefined);
    if (step.kind === "setAcl" || gate !== undefined) gate = answer;
    return answer;
  });
}

async function openCaller(
  port: number,
  services: Services,
  proofs: readonly string[],
  comparison: Comparison,
): Promise<Caller> {
  const real = await WireClient.connect(port, { timeOut: realTimeoutMs });
  for (const proof of proofs) await authenticate(real, proof);
  const session = await services.sessions.create(namespace, { timeoutMs: 600_000 });
  comparison.session(real.session?.sessionId ?? 0n, session.sessionId);
  return { real, ours: { namespace, identities: identitiesOf(proofs), session } };
}

function identitiesOf(proofs: readonly string[]): readonly Identity[] {
  const identities: Identity[] = [{ scheme: "ip", id: "127.0.0.1" }];
  for (const proof of proofs) {
    if (proof.startsWith("super:")) identities.push({ scheme: "super", id: "" });
    identities.push({ scheme: "digest", id: digestOf(proof) });
  }
  return identities;
}

function digestOf(userAndPassword: string): string {
  const [user] = userAndPassword.split(":");
  return `${user}:${createHash("sha1").update(userAndPassword).digest("base64")}`;
}

function errorNameOf({ err, results }: Answer): string {
  const failed = err === 0 ? (results?.find((result) => result.err < 0 && result.err !== -2)?.err ?? 0) : err;
  return Object.entries(treeErrorCodes).find(([, code]) => code === failed)?.[0] ?? String(failed);
}

function describeStep(caller: number, step: Step, real: unknown, ours: unknown): string {
  return `${caller} ${json(step)}\n    real ${json(real)}\n    ours ${json(ours)}`;
}

function explain(problem: string, index: number, step: Step | undefined, recent: readonly string[]): string {
  const paths = step === undefined ? [] : pathsOf(step);
  const concerned = recent.filter((line) => paths.length === 0 || paths.some((path) => line.includes(`"${path}`)));
  const shown = concerned.slice(-12).map((line) => line.replaceAll(/[0-9a-f]{60,}/g, "…"));
  return `seed ${seed}, operation ${index}: ${problem}\n${recent.at(-1)}\n\nbefore it:\n${shown.join("\n")}`;
}

function pathsOf(step: Step): readonly string[] {
  return "steps" in step ? step.steps.map(({ path }) => path) : [step.path];
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === "bigint") return field.toString();
    return field instanceof Uint8Array ? `<${field.length} bytes>` : field;
  });
}
