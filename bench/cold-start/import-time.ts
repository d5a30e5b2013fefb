import { execFile } from "node:child_process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface ImportTime {
  /** What the import took of the main thread's processor time: on an idle machine, the time that it took. */
  readonly ms: number;
  /** `function`, if the module exports a handler. */
  readonly handler: string;
}

/** Imports a file in a process of its own, with nothing of AWS in its environment and no cache of compiled code. */
export async function importTime(file: string): Promise<ImportTime> {
  const script = `
    const before = process.threadCpuUsage();
    const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)});
    const { user, system } = process.threadCpuUsage(before);
    console.log(JSON.stringify({ ms: (user + system) / 1_000, handler: typeof handler }));`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], { env: {} });
  return JSON.parse(stdout) as ImportTime;
}
