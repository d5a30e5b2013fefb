import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { HostOptions } from "./hosted-services.ts";
import type { ServerMessage, ServerUsage } from "./server-process.ts";

/** A server in another process. */
export class ServerProcess implements AsyncDisposable {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
  }

  /** @throws Error if the process ends before it listens */
  static async start(options: HostOptions): Promise<ServerProcess> {
    const script = join(import.meta.dirname, "server-process.ts");
    const child = fork(script, [JSON.stringify(options)], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const message = await nextMessage(child);
    if (message.kind !== "listening") throw new Error("the server did not say where it listens");
    return new ServerProcess(message.url, child);
  }

  async usage(): Promise<ServerUsage> {
    const answer = nextMessage(this.#child);
    this.#child.send("usage?");
    const message = await answer;
    if (message.kind !== "usage") throw new Error("the server did not say what it uses");
    return message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}

async function nextMessage(child: ChildProcess): Promise<ServerMessage> {
  const stop = new AbortController();
  try {
    const [message] = (await Promise.race([
      once(child, "message", { signal: stop.signal }),
      once(child, "exit", { signal: stop.signal }).then(([code]) => {
        throw new Error(`the server ended with code ${String(code)}`);
      }),
    ])) as [ServerMessage];
    return message;
  } finally {
    stop.abort();
  }
}
