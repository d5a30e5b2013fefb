/** A command of the shell that runs while something is held. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { commandStopMsMax } from "../../shared/limits.ts";
import { CommandError } from "../command-error.ts";

/** What shells answer for a command that there is not, and for one that cannot be run. */
const notFoundExitCode = 127;
const notRunnableExitCode = 126;
const forwarded = ["SIGTERM", "SIGHUP"] as const;

/**
 * Runs a command on this terminal until it ends, and answers its exit code. When `signal` aborts it is asked to end
 * (SIGTERM), and made to (SIGKILL) if it does not within `commandStopMsMax`.
 *
 * @throws CommandError if it cannot be started
 */
export async function runCommand(
  [file = "", ...args]: readonly string[],
  variables: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const child = spawn(file, args, { stdio: "inherit", env: { ...process.env, ...variables } });
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill("SIGTERM");
    killTimer = setTimeout(() => child.kill("SIGKILL"), commandStopMsMax);
  };
  const handlers = forwarded.map((name) => [name, (): void => void child.kill(name)] as const);
  for (const [name, handler] of handlers) process.on(name, handler);
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", (cause: NodeJS.ErrnoException) => {
        const exitCode = cause.code === "EACCES" ? notRunnableExitCode : notFoundExitCode;
        reject(new CommandError(`cannot run ${file}: ${cause.message}`, { exitCode, cause }));
      });
      child.once("exit", (code, killedBy) => {
        resolve(code ?? 128 + (killedBy === null ? 0 : constants.signals[killedBy]));
      });
    });
  } finally {
    clearTimeout(killTimer);
    signal.removeEventListener("abort", stop);
    for (const [name, handler] of handlers) process.removeListener(name, handler);
  }
}
