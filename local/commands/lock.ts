import type { Command } from "commander";
import { type HeldLock, Lock, type Session, SessionExpiredError } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { type CallerOptions, callAction, wholeNumber, withCaller } from "../console/caller.ts";
import { runCommand } from "../console/run-command.ts";
import type { Terminal } from "../console/terminal.ts";

/** As in sysexits.h: try again later. */
const notGrantedExitCode = 75;
/** As in sysexits.h: it ran, but without what it relied on. */
export const lostExitCode = 70;

/** Almost 25 days: the longest that a timer can have. */
const timerMsMax = 2 ** 31 - 1;

interface LockOptions extends CallerOptions {
  readonly read?: boolean;
  readonly timeout?: string;
  readonly sessionTimeout: string;
}

const examples = `
The command finds STREAMKEEPER_LOCK, STREAMKEEPER_LOCK_PATH and STREAMKEEPER_FENCING_TOKEN in its environment: whatever it
writes with the token is refused once another holds the lock. If the lock is lost while it runs, it gets SIGTERM, and
SIGKILL if it does not end.

Exit status: that of the command; ${notGrantedExitCode} if the lock was not granted in time, ${lostExitCode} if it was lost.

Examples:
  $ streamkeeper lock nightly -- ./backup.sh --all
  $ streamkeeper lock nightly --timeout 0 -- ./backup.sh     only if it is free
  $ streamkeeper lock report --read -- sh -c 'cat report'    beside other readers`;

/** Adds `streamkeeper lock`. */
export function registerLock(program: Command, terminal: Terminal = process): void {
  const command = program
    .command("lock <name> <command...>")
    .description("run a command while holding a lock: streamkeeper lock NAME -- COMMAND");
  withCaller(command)
    .option("--read", "beside other readers, not beside a writer")
    .option("--timeout <ms>", "how long to wait for the lock (default: as long as it takes)")
    .option("--session-timeout <ms>", "how soon others may have the lock when this process dies", "10000")
    .addHelpText("after", examples)
    .action((name: string, words: readonly string[], options: LockOptions) => lock(terminal, name, words, options));
}

async function lock(terminal: Terminal, name: string, words: readonly string[], options: LockOptions): Promise<void> {
  const timeoutMs = wholeNumber(options.sessionTimeout, "--session-timeout");
  const waitMs = options.timeout === undefined ? undefined : wholeNumber(options.timeout, "--timeout");
  await callAction(terminal, options, async ({ client, signal }) => {
    await using session = await client.session({ timeoutMs });
    try {
      await using held = await acquire(session, name, options.read === true, waitMs, signal);
      const exitCode = await runCommand(
        words,
        {
          STREAMKEEPER_LOCK: name,
          STREAMKEEPER_LOCK_PATH: held.path,
          STREAMKEEPER_FENCING_TOKEN: String(held.fencingToken),
        },
        AbortSignal.any([signal, held.signal]),
      );
      if (!signal.aborted) held.signal.throwIfAborted();
      process.exitCode = exitCode;
    } catch (error) {
      if (!(error instanceof SessionExpiredError)) throw error;
      const message = `the lock ${name} was lost: ${error.message}`;
      throw new CommandError(message, { exitCode: lostExitCode, cause: error });
    }
  });
}

async function acquire(
  session: Session,
  name: string,
  read: boolean,
  waitMs: number | undefined,
  signal: AbortSignal,
): Promise<HeldLock> {
  const lock = new Lock(session, name, { mode: read ? "read" : "write" });
  const held = await within(lock, waitMs, signal);
  if (held !== undefined) return held;
  throw new CommandError(`the lock ${name} was not free within ${waitMs} ms`, { exitCode: notGrantedExitCode });
}

/** Undefined if it was not granted in time. */
async function within(lock: Lock, waitMs: number | undefined, signal: AbortSignal): Promise<HeldLock | undefined> {
  if (waitMs === undefined) return await lock.acquire({ signal });
  if (waitMs <= 0) return await lock.tryAcquire({ signal });
  const over = AbortSignal.timeout(Math.min(waitMs, timerMsMax));
  try {
    return await lock.acquire({ signal: AbortSignal.any([signal, over]) });
  } catch (error) {
    if (signal.aborted || !over.aborted || error instanceof SessionExpiredError) throw error;
    return undefined;
  }
}
