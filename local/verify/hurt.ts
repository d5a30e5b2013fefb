/** The user's own script that hurts a deployment while it is under load. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { commandStopMsMax } from "../../shared/limits.ts";

/** Between two runs, at the least: a script that ends at once must not take the machine for itself. */
const pauseMs = 1_000;

export interface HurtReport {
  readonly runs: number;
  /** Runs that ended by themselves with another exit code than 0. */
  readonly failures: number;
}

/** Runs a command of the shell again and again, until it is stopped. */
export class Hurt {
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #child: ChildProcess | undefined;
  #runs = 0;
  #failures = 0;

  constructor(command: string, stderr: NodeJS.WritableStream) {
    this.#running = this.#repeat(command, stderr);
  }

  /**
   * Asks what runs to end (SIGTERM to all of its processes, by which a script can undo what it did), makes it end after
   * `commandStopMsMax` (SIGKILL), and waits for it.
   */
  async stop(): Promise<HurtReport> {
    this.#stopping.abort();
    this.#signal("SIGTERM");
    const timer = setTimeout(() => this.#signal("SIGKILL"), commandStopMsMax);
    await this.#running;
    clearTimeout(timer);
    return { runs: this.#runs, failures: this.#failures };
  }

  async #repeat(command: string, stderr: NodeJS.WritableStream): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      // A group of its own, so that Ctrl-C does not reach it before we do.
      const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"], detached: true });
      this.#child = child;
      this.#runs += 1;
      child.stdout.pipe(stderr, { end: false });
      child.stderr.pipe(stderr, { end: false });
      const [code] = (await once(child, "close")) as [number | null];
      this.#child = undefined;
      if (signal.aborted) return;
      if (code !== 0) this.#failures += 1;
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #signal(name: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch (error) {
      // It has just ended.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
