import { PassThrough } from "node:stream";
import { Command } from "commander";
import { CreateTopicCommand, StreamkeeperClient } from "../../../client/index.ts";
import { CommandError } from "../../../local/command-error.ts";
import type { Terminal } from "../../../local/console/terminal.ts";
import { startOwnServer } from "../../../local/demo/own-server.ts";
import type { OwnServer } from "../../../local/demo/own-server.ts";

export type Register = (program: Command, terminal: Terminal) => void;

export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  /** The message of a CommandError. */
  readonly failure?: string;
}

/** A server with a client, and commands that run in this process with streams of their own. */
export class CommandBed implements AsyncDisposable {
  readonly client: StreamkeeperClient;
  readonly #server: OwnServer;
  #topics = 0;

  private constructor(server: OwnServer) {
    this.#server = server;
    this.client = new StreamkeeperClient({ endpoint: server.url });
  }

  static async start(): Promise<CommandBed> {
    return new CommandBed(await startOwnServer("memory"));
  }

  get endpoint(): string {
    return this.#server.url;
  }

  async run(register: Register, args: readonly string[], input: string | Uint8Array = ""): Promise<CommandResult> {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    stdin.end(input);
    const written = Promise.all([stdout, stderr].map((stream) => textOf(stream)));
    const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
    register(program, { stdin, stdout, stderr });
    const failure = await program
      .parseAsync([...args, "--endpoint", this.endpoint], { from: "user" })
      .then(() => undefined)
      .catch((error: unknown) => {
        if (error instanceof CommandError) return error.message;
        throw error;
      });
    stdout.end();
    stderr.end();
    const [out = "", err = ""] = await written;
    return { stdout: out, stderr: err, ...(failure === undefined ? {} : { failure }) };
  }

  /** A topic with these values, in this order. */
  async topic(values: readonly string[] = [], partitions = 1): Promise<string> {
    this.#topics += 1;
    const name = `topic-${this.#topics}`;
    await this.client.send(new CreateTopicCommand({ name, partitions }));
    if (values.length === 0) return name;
    await using producer = this.client.producer({ topic: name });
    for (const value of values) await producer.enqueue({ value });
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.#server[Symbol.asyncDispose]();
  }
}

async function textOf(stream: PassThrough): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
