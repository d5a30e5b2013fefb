import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import type { WorkloadHistory } from "../../verify/workloads/workload.ts";

/** Writes histories as lines of JSON: one operation each, with its workload; times are ms, null where no answer came. */
export class HistoryFile {
  readonly #stream: ReturnType<typeof createWriteStream>;

  private constructor(path: string) {
    this.#stream = createWriteStream(path);
  }

  /** @throws NodeJS.ErrnoException if it cannot be written */
  static async open(path: string): Promise<HistoryFile> {
    const file = new HistoryFile(path);
    await once(file.#stream, "open");
    return file;
  }

  async write(workload: string, recorded: WorkloadHistory): Promise<void> {
    for (const line of linesOf(recorded)) {
      const text = JSON.stringify({ workload, history: recorded.kind, ...line });
      if (!this.#stream.write(`${text}\n`)) await once(this.#stream, "drain");
    }
  }

  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream);
  }
}

function linesOf(recorded: WorkloadHistory): readonly object[] {
  switch (recorded.kind) {
    case "log":
    case "register":
      return recorded.history.operations;
    case "set":
    case "multi":
      return recorded.operations;
    case "watch":
      return [...recorded.history.changes.map((change) => ({ kind: "change", ...change })), ...recorded.history.logs];
    case "sequential":
      return recorded.creates;
    case "ephemeral":
      return [
        ...recorded.history.sessions.map((session) => ({ kind: "session", ...session })),
        ...recorded.history.operations,
      ];
    case "lock":
      return [
        ...recorded.history.holds.map((hold) => ({ kind: "hold", ...hold })),
        ...recorded.history.writes.map((write) => ({ kind: "write", ...write })),
      ];
  }
}
