/** Programs in other languages which use a Kafka client and write down what they see: see README.md. */
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

const outputBytesMax = 64 * 1024 * 1024;
const runMsMax = 150_000;

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface ProgramEnd {
  /** `null` where a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SeenRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string | null>>;
  /** `null` where it is not the producer's. */
  readonly timestamp: number | null;
}

export interface Report {
  readonly facts: Readonly<Record<string, unknown>>;
  /** What was answered to the producer. */
  readonly delivered: readonly Delivered[];
  /** In the order in which they were consumed. */
  readonly records: readonly SeenRecord[];
}

interface Delivered {
  /** Empty where the record has none. */
  readonly key: string;
  readonly codec: string;
  readonly partition: number;
  readonly offset: number;
}

const lineSchema = z.union([
  z.strictObject({ fact: z.string(), value: z.unknown() }),
  z.strictObject({ delivered: z.string(), codec: z.string(), partition: z.number(), offset: z.number() }),
  z.strictObject({
    record: z.strictObject({
      partition: z.number(),
      offset: z.number(),
      key: z.string().nullable(),
      value: z.string().nullable(),
      headers: z.record(z.string(), z.string().nullable()),
      timestamp: z.number().nullable(),
    }),
  }),
  z.strictObject({ done: z.string() }),
]);

/** Runs a scenario. @throws Error with all that the program wrote, if it does not come to its end */
export async function report(program: Program, args: readonly [string, string, string, ...string[]]): Promise<Report> {
  const [, scenario] = args;
  const { status, stdout, stderr } = await run(program, { args });
  const wrote = `${scenario} ended with ${status}:\n${stdout.slice(-2_000)}\n${stderr.slice(-4_000)}`;
  if (status !== 0) throw new Error(wrote);
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => lineSchema.parse(JSON.parse(line)));
  const last = lines.at(-1);
  if (last === undefined || !("done" in last && last.done === scenario)) throw new Error(wrote);
  return {
    facts: Object.fromEntries(lines.flatMap((line) => ("fact" in line ? [[line.fact, line.value]] : []))),
    delivered: lines.flatMap((line) =>
      "delivered" in line
        ? [{ key: line.delivered, codec: line.codec, partition: line.partition, offset: line.offset }]
        : [],
    ),
    records: lines.flatMap((line) => ("record" in line ? [line.record] : [])),
  };
}

/** Runs a program to its end. A program that does not end is killed, and its status is then `null`. */
export async function run(
  { command, args: first, cwd, env = {} }: Program,
  { args = [], stdin = "", msMax = runMsMax }: { args?: readonly string[]; stdin?: string; msMax?: number } = {},
): Promise<ProgramEnd> {
  const child = spawn(command, [...first, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: msMax,
    killSignal: "SIGKILL",
  });
  const written = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      written[name] = (written[name] + text).slice(-outputBytesMax);
    });
  }
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin);
  const ended = Promise.withResolvers<number | null>();
  child.once("error", (error) => ended.reject(new Error(`${command} cannot be run: ${error.message}`)));
  child.once("close", (status) => ended.resolve(status));
  return { status: await ended.promise, ...written };
}

/** What a command that must succeed writes. @throws Error with all that it wrote */
export function outputOf(command: string, args: readonly string[], cwd?: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    encoding: "utf8",
    maxBuffer: outputBytesMax,
  });
  if (status !== 0) {
    throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}${stdout}`, { cause: error });
  }
  return stdout;
}

/** Whether a command can be run at all, and what it writes. */
export function probe(command: string, args: readonly string[]): string | undefined {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  return error === undefined && status === 0 ? stdout + stderr : undefined;
}

/** A folder outside of the repository that `make` fills once for the same `contents`; again, where it broke off. */
export function installed(name: string, contents: readonly string[], make: (folder: string) => void): string {
  const hash = createHash("sha256").update(contents.join("\0")).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(), `${name}-${hash}`);
  const complete = join(folder, "complete");
  if (existsSync(complete)) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  make(folder);
  writeFileSync(complete, "");
  return folder;
}

export function contentOf(...path: readonly string[]): string {
  return readFileSync(join(...path), "utf8");
}

function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "streamkeeper-peers");
}
