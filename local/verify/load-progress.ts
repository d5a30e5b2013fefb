import type { Tally } from "../../verify/workloads/tally.ts";
import type { WorkloadName } from "../../verify/workloads/workloads.ts";
import { formatCount } from "../console/quantities.ts";
import type { Terminal } from "../console/terminal.ts";

const redrawMs = 250;
/** Where nobody looks on, in a log file, a line now and then. */
const lineEveryMs = 30_000;

/** How the load is going, on stderr. */
export class LoadProgress {
  readonly #stream: Terminal["stderr"];
  readonly #tallies: ReadonlyMap<WorkloadName, Tally>;
  #drawnAtMs = performance.now();
  #isDrawn = false;

  constructor(stream: Terminal["stderr"], tallies: ReadonlyMap<WorkloadName, Tally>) {
    this.#stream = stream;
    this.#tallies = tallies;
  }

  draw(elapsedMs: number, loadMs: number): void {
    const nowMs = performance.now();
    const isTerminal = this.#stream.isTTY === true;
    if (nowMs - this.#drawnAtMs < (isTerminal ? redrawMs : lineEveryMs)) return;
    this.#drawnAtMs = nowMs;
    const of = Number.isFinite(loadMs) ? ` of ${minutes(loadMs)}` : "";
    const line = `${minutes(elapsedMs)}${of}  ${this.#counts()}`;
    this.#isDrawn = isTerminal;
    this.#stream.write(isTerminal ? `\r\u001B[K${line}` : `${line}\n`);
  }

  say(line: string, isTrue = true): void {
    if (!isTrue) return;
    if (this.#isDrawn) this.#stream.write("\r\u001B[K");
    this.#isDrawn = false;
    this.#stream.write(`${line}\n`);
  }

  #counts(): string {
    let [acknowledged, answered, unknown, refused] = [0, 0, 0, 0];
    for (const { acknowledged: records, operations } of this.#tallies.values()) {
      acknowledged += records;
      answered += operations.ok;
      unknown += operations.info;
      refused += operations.fail;
    }
    return (
      `${formatCount(acknowledged)} records acknowledged; operations: ${formatCount(answered)} answered, ` +
      `${formatCount(unknown)} unknown, ${formatCount(refused)} refused`
    );
  }
}

function minutes(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
