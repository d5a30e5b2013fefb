/** Kafka's Java client, of two releases, run through all that it can do: one program, compiled against each. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { compileJava } from "../compile-java.ts";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { runJava } from "./java-process.ts";

const folder = join(import.meta.dirname, "java-clients");
const runMsMax = 10 * 60_000;

/** 3.9 and 4.2. */
export type JavaClientRelease = 3 | 4;
export const javaClientParts = [
  "admin",
  "configs",
  "produce",
  "consume",
  "transactions",
  "classic",
  "consumer",
  "groups",
] as const;

/** What came of one step: what the program saw, or the simple name of the exception. */
export interface JavaClientStep {
  readonly part: string;
  readonly step: string;
  readonly ms: number;
  readonly value?: unknown;
  readonly error?: string;
  readonly message?: string;
}

export type ComparableStep = Pick<JavaClientStep, "part" | "step" | "value" | "error">;

/** Runs parts of the program. @throws Error that says what is missing, or what the program wrote if it did not end well */
export async function runJavaClients(
  release: JavaClientRelease,
  {
    bootstrap,
    prefix,
    parts,
  }: { readonly bootstrap: string; readonly prefix: string; readonly parts: readonly string[] },
): Promise<JavaClientStep[]> {
  requireJava();
  const libraries = fetchDependencies(join(folder, `clients-${release}`));
  const classPath = `${compileJava(folder, libraries)}:${libraries}`;
  const args = [bootstrap, prefix, ...parts];
  const end = await runJava({ mainClass: "streamkeeper.peers.kafka.Main", args, classPath }, { timeoutMs: runMsMax });
  if (end.status !== 0) throw new Error(`the Java clients ended with ${end.status}:\n${end.stderr}\n${end.stdout}`);
  const lines = end.stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line): JavaClientStep => JSON.parse(line) as JavaClientStep);
}

/** What the program saw, without names and times that are never the same. */
export function comparable(steps: readonly JavaClientStep[], prefix: string): ComparableStep[] {
  return steps.map(({ part, step, value, error }) => {
    const seen = error === undefined ? { value } : { error };
    return { part, step, ...(JSON.parse(JSON.stringify(seen).replaceAll(prefix, "PREFIX")) as typeof seen) };
  });
}

/** What Apache Kafka 4.2.0 answered when `node test/peers/kafka/record-java-clients.ts` ran. */
export function recordedSteps(release: JavaClientRelease): ComparableStep[] {
  return JSON.parse(readFileSync(recordedFile(release), "utf8")) as ComparableStep[];
}

export function recordedFile(release: JavaClientRelease): string {
  return join(folder, `recorded-${release}.json`);
}
