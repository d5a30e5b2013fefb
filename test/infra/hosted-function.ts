/** One bundled function in a process of its own, called as Lambda would call it. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const hostProgram = fileURLToPath(new URL("./function-host.ts", import.meta.url));

export class HostedFunction {
  readonly #process: ChildProcess;

  /**
   * @param bundle the function's `index.mjs`; it sees `variables` and no others
   * @param onLine told of each line that it writes to its standard output
   */
  constructor(bundle: string, variables: Readonly<Record<string, string>>, onLine: (line: string) => void) {
    const { NODE_COMPILE_CACHE = "" } = process.env;
    const options = { env: { ...variables, NODE_COMPILE_CACHE }, execArgv: [] };
    this.#process = fork(hostProgram, [bundle], { ...options, stdio: ["ignore", "pipe", "inherit", "ipc"] });
    if (this.#process.stdout !== null) createInterface(this.#process.stdout).on("line", onLine);
  }

  /** @throws Error if the handler throws, or the process ends */
  async invoke(event: unknown, clockAheadMs: number): Promise<unknown> {
    const answered = new AbortController();
    const { signal } = answered;
    this.#process.send({ event, clockAheadMs });
    const [reply] = (await Promise.race([
      once(this.#process, "message", { signal }),
      once(this.#process, "exit", { signal }).then(([code]) => [{ error: `the function's process ended: ${code}` }]),
    ]).finally(() => answered.abort())) as [{ readonly answer?: unknown; readonly error?: string }];
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.answer;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.kill();
    await once(this.#process, "exit");
  }
}
