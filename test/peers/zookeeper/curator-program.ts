/** The Java program in `java/`, which runs Curator's recipes one after the other and asks the test to interfere. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { compileJava } from "../compile-java.ts";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { type JavaProcess, startJava } from "../kafka/java-process.ts";
import { TcpProxy } from "../../tcp-proxy.ts";
import type { Server } from "./servers.ts";

const folder = join(import.meta.dirname, "java");
/** Short, that its end need not be waited for; long enough for a server to be killed and started again. */
const sessionTimeoutMs = 4_000;

const lineSchema = z.union([
  z.strictObject({ ask: z.enum(["cut", "refuse", "silence", "heal", "restart"]) }),
  z.strictObject({ scenario: z.string(), facts: z.record(z.string(), z.unknown()) }),
  z.strictObject({ scenario: z.string(), error: z.string() }),
]);

type Ask = "cut" | "refuse" | "silence" | "heal" | "restart";

export class CuratorProgram implements AsyncDisposable {
  readonly #server: Server;
  readonly #proxies: readonly TcpProxy[];
  readonly #java: JavaProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(server: Server, proxies: readonly TcpProxy[], java: JavaProcess) {
    this.#server = server;
    this.#proxies = proxies;
    this.#java = java;
    this.#lines = createInterface({ input: java.output })[Symbol.asyncIterator]();
  }

  /** @throws Error that says what is missing */
  static async start(server: Server): Promise<CuratorProgram> {
    requireJava();
    const libraries = fetchDependencies(folder);
    const classPath = `${compileJava(folder, libraries)}:${libraries}`;
    const ports = server.address.split(",").map((address) => Number(address.split(":")[1]));
    const proxies = await Promise.all(ports.map((port) => TcpProxy.start(port)));
    const proxied = proxies.map(({ port }) => `127.0.0.1:${port}`).join(",");
    const args = [proxied, server.address, String(sessionTimeoutMs)];
    const options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    const java = startJava({ mainClass: "streamkeeper.peers.curator.Main", args, classPath, options });
    return new CuratorProgram(server, proxies, java);
  }

  /** What the scenario saw. @throws Error with the exception that ended it */
  async run(scenario: string): Promise<Readonly<Record<string, unknown>>> {
    this.#java.stdin.write(`${scenario}\n`);
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done === true) throw new Error(`the program ended in ${scenario}:\n${this.#java.stderr}`);
      const line = lineSchema.parse(JSON.parse(value));
      if ("ask" in line) {
        await this.#do(line.ask);
        this.#java.stdin.write("done\n");
      } else if ("error" in line) throw new Error(`${scenario}: ${line.error}`);
      else return line.facts;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#java.kill();
    await Promise.all(this.#proxies.map((proxy) => proxy[Symbol.asyncDispose]()));
  }

  async #do(what: Ask): Promise<void> {
    if (what === "restart") await this.#server.restart();
    else for (const proxy of this.#proxies) proxy[what]();
  }
}
