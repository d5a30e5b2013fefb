import type { Terminal } from "./terminal.ts";
import { formatBytes, formatCount, perSecond } from "./quantities.ts";

/** Time between two drawings of a bar. */
const redrawMs = 100;
/** A command that is done before this shows no progress. */
const quietMs = 800;
const barChars = 24;

/**
 * How far something long has come, on stderr and only on a terminal: a bar where the total is known. On anything else it
 * writes nothing until `finish`.
 */
export class Progress {
  readonly #title: string;
  readonly #total: number | undefined;
  readonly #stream: Terminal["stderr"];
  readonly #startedAtMs = performance.now();
  #records = 0;
  #bytes = 0;
  #drawnAtMs: number;
  #isDrawn = false;

  constructor(
    title: string,
    stream: Terminal["stderr"],
    options: { readonly total?: number; readonly atOnce?: boolean } = {},
  ) {
    this.#title = title;
    this.#total = options.total;
    this.#stream = stream;
    this.#drawnAtMs = options.atOnce === true ? 0 : this.#startedAtMs + quietMs;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  add(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
    const nowMs = performance.now();
    if (this.#stream.isTTY !== true || nowMs - this.#drawnAtMs < redrawMs) return;
    this.#drawnAtMs = nowMs;
    this.#isDrawn = true;
    this.#stream.write(`\r\u001B[K${this.line()}`);
  }

  /** Replaces the bar by a last line, or by nothing. */
  finish(line = ""): void {
    if (this.#isDrawn) this.#stream.write("\r\u001B[K");
    this.#isDrawn = false;
    if (line !== "") this.#stream.write(`${line}\n`);
  }

  /** What the bar shows now. */
  line(): string {
    const speed = `${formatCount(perSecond(this.#records, this.elapsedMs))} records/s  ${formatBytes(perSecond(this.#bytes, this.elapsedMs))}/s`;
    if (this.#total === undefined) return `${this.#title}  ${formatCount(this.#records)}  ${speed}`;
    const share = this.#total === 0 ? 1 : Math.min(1, this.#records / this.#total);
    const filled = Math.round(share * barChars);
    const bar = "█".repeat(filled) + "░".repeat(barChars - filled);
    const percent = `${Math.floor(share * 100)}%`.padStart(4);
    return `${this.#title}  ${bar} ${percent}  ${formatCount(this.#records)} of ${formatCount(this.#total)}  ${speed}`;
  }
}
