import { StreamkeeperClient } from "../../../client/index.ts";
import { readBatchHeader } from "../../../shared/record/record-batch.ts";
import type { BatchHeader } from "../../../shared/record/record-batch.ts";
import { answer, ScriptedServer } from "../scripted-server.ts";
import type { SeenRequest, Step } from "../scripted-server.ts";

/** A call as a test tells of it: its name, and what matters of it. */
export interface SeenCall {
  readonly name: "init" | "add" | "produce" | "offsets" | "commit" | "abort" | "describe";
  readonly body: Record<string, unknown>;
  readonly url: string;
  readonly header?: BatchHeader;
}

const names = [
  [/\/producers$/, "init"],
  [/\/transactions\/[^/]+\/partitions$/, "add"],
  [/\/partitions\/\d+\/records/, "produce"],
  [/\/transactions\/[^/]+\/offsets$/, "offsets"],
  [/\/commit$/, "commit"],
  [/\/abort$/, "abort"],
  [/\/topics\/[^/]+\/partitions$/, "describe"],
] as const;

/** A server that keeps to the protocol of transactions: each end raises the epoch. */
export class ScriptedCoordinator implements AsyncDisposable {
  readonly calls: SeenCall[] = [];
  readonly #server: ScriptedServer;
  readonly client: StreamkeeperClient;
  #epoch = 0;
  #offset = 0;

  private constructor(server: ScriptedServer) {
    this.#server = server;
    this.client = new StreamkeeperClient({ endpoint: server.endpoint });
  }

  /** @param script what becomes of a call in place of its answer, if anything: by its number among those of its name, from 0 */
  static async start(
    script: (name: SeenCall["name"], index: number) => Step | undefined = () => undefined,
  ): Promise<ScriptedCoordinator> {
    const server = await ScriptedServer.start((response, request) => coordinator.#serve(script)(response, request));
    const coordinator = new ScriptedCoordinator(server);
    return coordinator;
  }

  get names(): readonly string[] {
    return this.calls.filter(({ name }) => name !== "describe").map(({ name }) => name);
  }

  of(name: SeenCall["name"]): readonly SeenCall[] {
    return this.calls.filter((call) => call.name === name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.#server[Symbol.asyncDispose]();
  }

  #serve(script: (name: SeenCall["name"], index: number) => Step | undefined): Step {
    return (response, request) => {
      const call = seenCall(request);
      const index = this.of(call.name).length;
      this.calls.push(call);
      return (script(call.name, index) ?? answer(200, this.#answer(call)))(response, request);
    };
  }

  #answer({ name, header }: SeenCall): object {
    switch (name) {
      case "describe":
        return { name: "t", topicId: "id", partitions: 3, config: {}, createdAtMs: 1 };
      case "init":
      case "commit":
      case "abort":
        this.#epoch += 1;
        return { producerId: "77", producerEpoch: this.#epoch };
      case "produce": {
        const baseOffset = this.#offset;
        this.#offset += header?.recordsCount ?? 0;
        return { baseOffset, appendedAtMs: 123 };
      }
      case "add":
      case "offsets":
        return {};
    }
  }
}

function seenCall({ url, body }: SeenRequest): SeenCall {
  const name = names.find(([pattern]) => pattern.test(url.split("?")[0] ?? ""))?.[1];
  if (name === undefined) throw new Error(`no such call: ${url}`);
  if (name === "produce") return { name, url, body: {}, header: readBatchHeader(body) };
  return { name, url, body: body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>) };
}
