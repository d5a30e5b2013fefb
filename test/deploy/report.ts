/** What the run says while it goes on, and in the end. */

export interface Report {
  /** A line below the step at hand. */
  note(text: string): void;
  /** Something for the summary, such as a duration. */
  figure(name: string, value: string): void;
}

/** What a check throws: the deployed service is not as it should be. */
export class CheckFailure extends Error {
  override readonly name = "CheckFailure";
}

/** @throws CheckFailure if the condition does not hold */
export function check(condition: boolean, problem: string): asserts condition {
  if (!condition) throw new CheckFailure(problem);
}

interface StepResult {
  readonly name: string;
  readonly elapsedMs: number;
  readonly failure?: string;
  readonly figures: readonly (readonly [string, string])[];
}

/** Runs the steps one after the other, prints what they say, and keeps what came of them. */
export class Steps {
  readonly #results: StepResult[] = [];
  readonly #print: (line: string) => void;
  readonly #startedMs = performance.now();

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  /** @throws what the work throws */
  async run<Result>(name: string, work: (report: Report) => Promise<Result>): Promise<Result> {
    const startedMs = performance.now();
    const figures: (readonly [string, string])[] = [];
    this.#print(`${this.#clock()} ${name}`);
    const report: Report = {
      note: (text) => this.#print(`         ${text}`),
      figure: (figure, value) => {
        figures.push([figure, value]);
        this.#print(`         ${figure}: ${value}`);
      },
    };
    try {
      const result = await work(report);
      this.#results.push({ name, elapsedMs: performance.now() - startedMs, figures });
      return result;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      this.#results.push({ name, elapsedMs: performance.now() - startedMs, figures, failure });
      this.#print(`         FAILED: ${failure}`);
      throw error;
    }
  }

  /** As `run`, but a failure does not keep the other steps from being made. */
  async attempt(name: string, signal: AbortSignal, work: (report: Report) => Promise<void>): Promise<void> {
    try {
      await this.run(name, work);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof Error && error.stack !== undefined && !(error instanceof CheckFailure)) {
        this.#print(error.stack);
      }
    }
  }

  get failed(): number {
    return this.#results.filter(({ failure }) => failure !== undefined).length;
  }

  summarize(): void {
    this.#print("");
    for (const { name, elapsedMs, failure, figures } of this.#results) {
      const state = failure === undefined ? "ok    " : "FAILED";
      this.#print(`${state} ${seconds(elapsedMs).padStart(8)}  ${name}`);
      for (const [figure, value] of figures) this.#print(`                 ${figure}: ${value}`);
    }
    const total = seconds(performance.now() - this.#startedMs);
    const good = this.#results.length - this.failed;
    this.#print(`${good} of ${this.#results.length} steps are as they should be; ${total} in all`);
  }

  #clock(): string {
    return `[${seconds(performance.now() - this.#startedMs).padStart(7)}]`;
  }
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
