import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface StartedProcess {
  readonly child: ChildProcess;
  /** Whole lines printed so far. */
  lines(): string[];
  /** Resolves when so many lines are there, rejects when the process ends before. */
  until(count: number): Promise<void>;
  /** Ends the process as `kill -9` does, and waits for its end. */
  kill(): Promise<void>;
  /** Resolves to the exit code when the process ends by itself. */
  ended(): Promise<number | null>;
}

/** Runs a script of this folder; it is killed at the latest when the test ends. */
export function startScript(script: string, args: readonly string[]): StartedProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, script), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const arrived = new Set<() => void>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    for (const look of arrived) look();
  });
  const closed = once(child, "close");
  const lines = (): string[] => output.split("\n").slice(0, -1);
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await closed;
  };
  onTestFinished(kill);
  return {
    child,
    lines,
    kill,
    until: (count) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (lines().length >= count) resolve();
        };
        arrived.add(look);
        void closed.then(() => reject(new Error(`the process ended after ${lines().length} lines`)));
        look();
      }),
    ended: async () => {
      await closed;
      return child.exitCode;
    },
  };
}
