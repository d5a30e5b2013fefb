/** Programs that this test starts and waits for. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";

/** What is kept of a program's output, to be shown when it fails. */
const outputCharactersMax = 6_000;

export interface Run {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Where all that it prints is written. */
  readonly logFile: string;
  /** Ends it, and what it has started. */
  readonly signal: AbortSignal;
}

/** A program ended with another code than 0. */
export class ProgramFailure extends Error {
  override readonly name = "ProgramFailure";
}

/** Runs a program to its end and answers the last of what it printed. @throws ProgramFailure | the signal's reason */
export async function runProgram({ program, args, env, cwd, logFile, signal }: Run): Promise<string> {
  signal.throwIfAborted();
  const log = createWriteStream(logFile, { flags: "a" });
  // A group of its own: the program's children go with it.
  const child = spawn(program, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"], detached: true });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-outputCharactersMax);
      log.write(text);
    });
  }
  const stop = (): void => endGroup(child.pid, "SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    signal.throwIfAborted();
    if (code !== 0) {
      throw new ProgramFailure(
        `${program} ${args.join(" ")} ended with ${code}:\n${output.trim()}\n(all of it: ${logFile})`,
      );
    }
    return output;
  } finally {
    signal.removeEventListener("abort", stop);
    log.end();
    await finished(log);
  }
}

/** Sends a signal to a process that leads a group, and to all of the group. */
export function endGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
