/** Java programs that run beside the test, so that what they talk to may be in this very process. */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";

const outputCharactersMax = 64 * 1024 * 1024;
const runMsDefault = 120_000;
/** Quick to start, which is most of what a short run takes. */
const shortRunOptions = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-Xmx256m"];

export interface JavaRun {
  readonly mainClass: string;
  readonly args?: readonly string[];
  /** As `fetchDependencies` gives it. */
  readonly classPath: string;
  /** Options of the virtual machine. Default: those for a short run. */
  readonly options?: readonly string[];
  /** What it writes of its log, to stderr. Default: `off`. */
  readonly logLevel?: "off" | "error" | "warn" | "info" | "debug";
  readonly cwd?: string;
}

export interface JavaEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface JavaProcess extends AsyncDisposable {
  readonly stdin: Writable;
  /** What it writes to stdout, for who reads it as it comes. */
  readonly output: Readable;
  readonly pid: number | undefined;
  readonly isRunning: boolean;
  /** All that it has written to stdout so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when the process has ended and its output is complete. */
  readonly ended: Promise<JavaEnd>;
  /** Sends the signal (SIGKILL by default) and waits for the end. */
  kill(signal?: NodeJS.Signals): Promise<JavaEnd>;
}

/** Starts a program; whatever happens, it does not outlive this process. */
export function startJava(run: JavaRun): JavaProcess {
  const child = spawn("java", commandLine(run), {
    ...(run.cwd === undefined ? {} : { cwd: run.cwd }),
    stdio: ["pipe", "pipe", "pipe"],
  });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const written = collectOutput(child);
  // A program that ends before it has read all of its input.
  child.stdin.on("error", () => undefined);
  const ended = (async (): Promise<JavaEnd> => {
    await once(child, "close");
    process.removeListener("exit", killAtExit);
    return { status: child.exitCode, ...written };
  })();
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = async (signal: NodeJS.Signals = "SIGKILL"): Promise<JavaEnd> => {
    if (isRunning()) child.kill(signal);
    return ended;
  };
  return {
    stdin: child.stdin,
    output: child.stdout,
    pid: child.pid,
    ended,
    kill,
    get isRunning() {
      return isRunning();
    },
    get stdout() {
      return written.stdout;
    },
    get stderr() {
      return written.stderr;
    },
    async [Symbol.asyncDispose]() {
      await kill();
    },
  };
}

/** Runs a program to its end. @throws Error with all that it wrote, if it has not ended after `timeoutMs` */
export async function runJava(
  run: JavaRun,
  { stdin = "", timeoutMs = runMsDefault }: { readonly stdin?: string; readonly timeoutMs?: number } = {},
): Promise<JavaEnd> {
  await using java = startJava(run);
  java.stdin.end(stdin);
  const late = Promise.withResolvers<undefined>();
  const timeout = setTimeout(() => late.resolve(undefined), timeoutMs);
  const end = await Promise.race([java.ended, late.promise]);
  clearTimeout(timeout);
  if (end !== undefined) return end;
  const { stdout, stderr } = await java.kill();
  throw new Error(`${run.mainClass} had not ended after ${timeoutMs} ms:\n${stdout}\n${stderr}`);
}

function commandLine(run: JavaRun): string[] {
  const log = `-Dorg.slf4j.simpleLogger.defaultLogLevel=${run.logLevel ?? "off"}`;
  return [...(run.options ?? shortRunOptions), log, "-cp", run.classPath, run.mainClass, ...(run.args ?? [])];
}

function collectOutput({ stdout, stderr }: ChildProcessByStdio<Writable, Readable, Readable>): {
  readonly stdout: string;
  readonly stderr: string;
} {
  const written = { stdout: "", stderr: "" };
  stdout.setEncoding("utf8").on("data", (text: string) => {
    written.stdout = (written.stdout + text).slice(-outputCharactersMax);
  });
  stderr.setEncoding("utf8").on("data", (text: string) => {
    written.stderr = (written.stderr + text).slice(-outputCharactersMax);
  });
  return written;
}
