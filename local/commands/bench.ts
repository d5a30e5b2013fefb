import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";

/** Adds `streamkeeper bench`: the benchmarks of this repository, in a process of their own. */
export function registerBench(program: Command): void {
  // Options behind "bench" are not the program's.
  program.enablePositionalOptions();
  program
    .command("bench")
    .description("measure the log on this machine; bench --help says what there is")
    .argument("[arguments...]", "log or memory, and their options")
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((args: readonly string[]) => bench(args));
}

async function bench(args: readonly string[]): Promise<void> {
  const script = new URL("../../bench/main.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, ...args], { stdio: "inherit" });
  // Ctrl-C reaches the child by itself; this process waits for its end.
  const ignore = (): void => {};
  process.on("SIGINT", ignore);
  const [code] = (await once(child, "exit")) as [number | null];
  process.removeListener("SIGINT", ignore);
  process.exitCode = code ?? 130;
}
