/** Runs Java programs that are peers of ours. What they need is fetched with Maven, once, into a cache. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const cache = join(import.meta.dirname, "..", "..", "node_modules", ".cache", "streamkeeper-peers");
const outputBytesMax = 256 * 1024 * 1024;
const javaMin = 17;

/** @throws Error that says what is missing, if Java 17 or Maven is not there */
export function requireJava(): void {
  const java = run("java", ["-version"]);
  const maven = run("mvn", ["-version"]);
  const missing = [
    ...(java.error === undefined ? [] : [`Java ${javaMin} or later (the command java)`]),
    ...(maven.error === undefined ? [] : ["Maven (the command mvn)"]),
  ];
  if (missing.length > 0) throw new Error(`the tests with peers need what is not here: ${missing.join(" and ")}`);
  const version = Number(/version "(\d+)/.exec(java.stderr + java.stdout)?.[1]);
  if (!(version >= javaMin)) throw new Error(`the tests with peers need Java ${javaMin} or later, found ${version}`);
}

/** The class path of all that the project in `folder` depends on. */
export function fetchDependencies(folder: string): string {
  const pom = readFileSync(join(folder, "pom.xml"));
  const target = join(cache, createHash("sha256").update(pom).digest("hex").slice(0, 16));
  if (!existsSync(target)) {
    // Moved to its place when it is whole, so that a fetch that was broken off is done again.
    const partial = `${target}.${process.pid}`;
    mkdirSync(partial, { recursive: true });
    try {
      output("mvn", ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${partial}`], { cwd: folder });
      renameSync(partial, target);
    } finally {
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return join(target, "*");
}

/** What a command that must succeed writes, its errors at the end. @throws Error with all that it wrote */
export function output(command: string, args: readonly string[], options: { readonly cwd: string }): string {
  const { status, stdout, stderr, error } = run(command, args, options.cwd);
  if (status !== 0) throw new Error(`${command} ended with ${status}: ${stderr}${stdout}`, { cause: error });
  return stdout + stderr;
}

function run(command: string, args: readonly string[], cwd?: string): SpawnSyncReturns<string> {
  return spawnSync(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    encoding: "utf8",
    maxBuffer: outputBytesMax,
  });
}
