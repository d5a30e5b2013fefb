/** The Java program in `java/`, which runs Curator's recipes one after the other and asks the test to interfere. */
import { join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { compileJava } from "../compile-java.ts";
import { fetchDependencies, requireJava } from "../java-peer.ts";
import { type JavaProcess, startJava } from "../kafka/java-process.ts";
import { CuttingProxy } from "./cutting-proxy.ts";
import type { Server } from "./servers.ts";

const folder = join(import.meta.dirname, "java");
/** Short, that its end need not be waited for; long enough for a server to be killed and started again. */
const sessionTimeoutMs = 4_000;

const lineSchema = z.union([
  z.strictObject({ ask: z.enum(["cut", "hold", "release", "restart"]) }),
  z.strictObject({ scenario: z.string(), facts: z.record(z.string(), z.unknown()) }),
  z.strictObject({ scenario: z.string(), error: z.string() }),
]);

type Ask = "cut" | "hold" | "release" | "restart";

export class CuratorProgram implements AsyncDisposable {
  readonly #server: Server;
  readonly #proxy: CuttingProxy;
  readonly #java: JavaProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(server: Server, proxy: CuttingProxy, java: JavaProcess) {
    this.#server = server;
    this.#proxy = proxy;
    this.#java = java;
    this.#lines = createInterface({ input: java.output })[Symbol.asyncIterator]();
  }

  /** @throws Error that says what is missing */
  static async start(server: Server): Promise<CuratorProgram> {
    requireJava();
    const libraries = fetchDependencies(folder);
    const classPath = `${compileJava(folder, libraries)}:${libraries}`;
    const proxy = await CuttingProxy.start(server.address);
    const args = [proxy.address, server.address, String(sessionTimeoutMs)];
    const options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
    const java = startJava({ mainClass: "streamkeeper.peers.curator.Main", args, classPath, options });
    return new CuratorProgram(server, proxy, java);
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
    await this.#proxy[Symbol.asyncDispose]();
  }

  async #do(what: Ask): Promise<void> {
    if (what === "restart") await this.#server.restart();
    else this.#proxy[what]();
  }
}
