/** One client of both servers: what it is told by either, events and answers in their order, must be the same. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Request } from "../../../gateway/zookeeper/protocol/operations.ts";
import { type ConnectOptions, type Told, WireClient } from "../../gateway/zookeeper/wire-client.ts";
import { json, type Outcome, type WireComparison } from "./wire-comparison.ts";
import { nameOfStep, type WireStep } from "./wire-steps.ts";

export interface Ports {
  readonly real: number;
  readonly ours: number;
}

/** The same moment by either server's zxids. */
export interface Moment {
  readonly real: number;
  readonly ours: number;
}

interface Asked {
  readonly step: WireStep;
  readonly real: Promise<Outcome>;
  readonly ours: Promise<Outcome>;
}

export interface SettleOptions {
  /** Events between two answers may come in another order: those of a session's end. */
  readonly anyOrder?: boolean;
  /** Whether the connections are expected to be closed. */
  readonly ends?: boolean;
  /** What only ours tells, after what both tell, before the last answer but one. */
  readonly missed?: readonly string[];
}

const answerMsMax = 20_000;
const eventNames = ["?", "NodeCreated", "NodeDeleted", "NodeDataChanged", "NodeChildrenChanged"];

export class WirePair {
  real: WireClient;
  ours: WireClient;
  readonly name: string;
  /** What was compared. */
  readonly compared = { answers: 0, events: 0 };
  /** How often each operation was answered with which error. */
  readonly met = new Map<string, number>();
  readonly #comparison: WireComparison;
  readonly #recent: { readonly step: WireStep; readonly real: Outcome; readonly ours: Outcome }[] = [];
  #asked: Asked[] = [];
  #isPinged = false;

  private constructor(name: string, real: WireClient, ours: WireClient, comparison: WireComparison) {
    this.name = name;
    this.real = real;
    this.ours = ours;
    this.#comparison = comparison;
  }

  static async open(name: string, ports: Ports, comparison: WireComparison, timeOut: number): Promise<WirePair> {
    const [real, ours] = await connectBoth(ports, { timeOut }, { timeOut });
    const pair = new WirePair(name, real, ours, comparison);
    pair.#compareSessions();
    return pair;
  }

  get timeOut(): number {
    return this.real.session?.timeOut ?? 0;
  }

  /** With the session that both have; what was there before is left open. */
  async reconnect(ports: Ports, lastSeen: Moment): Promise<void> {
    const options = (client: WireClient, lastZxidSeen: number): ConnectOptions => ({
      sessionId: client.session?.sessionId ?? 0n,
      passwd: client.session?.passwd ?? new Uint8Array(),
      timeOut: this.timeOut,
      lastZxidSeen,
    });
    [this.real, this.ours] = await connectBoth(
      ports,
      options(this.real, lastSeen.real),
      options(this.ours, lastSeen.ours),
    );
    this.#compareSessions();
  }

  request(request: Request): void {
    this.ask({ kind: "ask", request });
  }

  /** What happened until now is told before the answer; `settle` is to come next. */
  ping(): void {
    this.request({ kind: "ping", body: {} });
    this.#isPinged = true;
  }

  ask(step: WireStep): void {
    this.#asked.push({ step, real: send(this.real, step), ours: send(this.ours, step) });
  }

  /** An answer to nothing but this: another step for each server, of the same meaning. */
  askEach(real: WireStep, ours: WireStep): void {
    this.#asked.push({ step: real, real: send(this.real, real), ours: send(this.ours, ours) });
  }

  /** Steps that are not settled. */
  get waiting(): number {
    return this.#asked.length;
  }

  async lastAnswer(): Promise<Outcome> {
    return await this.#asked.at(-1)?.ours;
  }

  /** Resolves when all that was asked for is answered by both. */
  async answered(): Promise<void> {
    for (const side of ["real", "ours"] as const) {
      for (const { step, [side]: outcome } of this.#asked) {
        const told = await Promise.race([outcome, this.#tooLate()]);
        if (told === "late") throw this.#error(`${side} does not answer ${describe(step)}`);
      }
    }
  }

  async #tooLate(): Promise<"late"> {
    return await sleep(answerMsMax, "late", { ref: false });
  }

  /** @returns the moment, by the answer to the last step @throws Error with what differs */
  async settle({ anyOrder = false, ends = false, missed = [] }: SettleOptions = {}): Promise<Moment> {
    if (!ends && !this.#isPinged) this.ping();
    await this.answered();
    this.#isPinged = false;
    if (ends) await Promise.all([this.real.closed(), this.ours.closed()]);
    const asked = this.#asked;
    this.#asked = [];
    let moment: Moment = { real: 0, ours: 0 };
    const outcomes: string[] = [];
    for (const { step, real: realOutcome, ours: oursOutcome } of asked) {
      const [real, ours] = [await realOutcome, await oursOutcome];
      this.#note(step, real, ours);
      outcomes.push(`${nameOfStep(step)} ${real?.err ?? "closed"}`);
      const problem = this.#comparison.find(step, real, ours);
      if (problem !== undefined) throw this.#error(problem);
      moment = { real: real?.zxid ?? 0, ours: ours?.zxid ?? 0 };
    }
    const real = lines(this.real.told.splice(0), outcomes, { anyOrder, missed });
    const ours = lines(this.ours.told.splice(0), outcomes, { anyOrder, missed: [] });
    if (real.join("\n") !== ours.join("\n")) throw this.#error(describeDifference(real, ours));
    this.compared.answers += asked.length;
    this.compared.events += real.filter((line) => line.startsWith("Node")).length;
    return moment;
  }

  destroy(): void {
    this.real.destroy();
    this.ours.destroy();
  }

  #compareSessions(): void {
    const [real, ours] = [this.real.session, this.ours.session];
    if (real === undefined || ours === undefined) throw this.#error("no session");
    if (real.timeOut !== ours.timeOut) throw this.#error(`timeouts ${real.timeOut} and ${ours.timeOut}`);
    if (real.readOnly !== ours.readOnly || real.protocolVersion !== ours.protocolVersion) {
      throw this.#error(`sessions ${json(real)} and ${json(ours)}`);
    }
    this.#comparison.session(real.sessionId, ours.sessionId);
  }

  #note(step: WireStep, real: Outcome, ours: Outcome): void {
    const kind = `${nameOfStep(step)} ${real?.err ?? "closed"}`;
    this.met.set(kind, (this.met.get(kind) ?? 0) + 1);
    this.#recent.push({ step, real, ours });
    if (this.#recent.length > 200) this.#recent.splice(0, 100);
  }

  #error(problem: string): Error {
    const shown = this.#recent
      .slice(-12)
      .map(({ step, real, ours }) => `${describe(step)}\n    real ${json(real)}\n    ours ${json(ours)}`);
    return new Error(`${this.name}: ${problem}\n${shown.join("\n")}`);
  }
}

function describe(step: WireStep): string {
  return step.kind === "raw" ? `raw ${step.type} ${json(step.body)}` : json(step.request);
}

/** What both answer to a client that asks for a session with something wrong: that it has none, or by closing. */
export async function compareRefusals(ports: Ports, real: ConnectOptions, ours: ConnectOptions): Promise<void> {
  const tried = [WireClient.connect(ports.real, real), WireClient.connect(ports.ours, ours)];
  const [one, other] = await Promise.all(
    tried.map(async (connecting) => {
      try {
        const client = await connecting;
        await client.closed();
        return json({ ...client.session, passwd: client.session?.passwd?.length });
      } catch {
        return "closed";
      }
    }),
  );
  if (one !== other) throw new Error(`a connection is answered by ${one} and by ${other}`);
}

async function connectBoth(
  ports: Ports,
  real: ConnectOptions,
  ours: ConnectOptions,
): Promise<[WireClient, WireClient]> {
  return await Promise.all([WireClient.connect(ports.real, real), WireClient.connect(ports.ours, ours)]);
}

async function send(client: WireClient, step: WireStep): Promise<Outcome> {
  try {
    if (step.kind === "raw") return await client.sendRaw(step.type, step.body);
    return await client.send(step.request.kind, step.request.body);
  } catch {
    return undefined;
  }
}

/** Events by their names, and answers by what was asked. */
function lines(
  told: readonly Told[],
  outcomes: readonly string[],
  { anyOrder, missed }: { readonly anyOrder: boolean; readonly missed: readonly string[] },
): string[] {
  let answers = 0;
  const result: string[] = [];
  let run: string[] = [];
  const endRun = (): void => {
    result.push(...(anyOrder ? run.toSorted() : run));
    run = [];
  };
  for (const one of told) {
    if (one.kind === "event") run.push(`${eventNames[one.type] ?? one.type} ${one.path}`);
    else {
      // The last two answers are those to setWatches2 and to the ping.
      if (answers === outcomes.length - 2) run = [...missed, ...run.filter((line) => !isHeard(line, missed))];
      endRun();
      result.push(`${answers}: ${outcomes[answers]}`);
      answers += 1;
    }
  }
  endRun();
  return result;
}

/** Whether the watch that holds once, and is told of what it missed, heard of it with a persistent one on its path. */
function isHeard(line: string, missed: readonly string[]): boolean {
  const [type = "", path] = line.split(/ (.*)/s);
  const types =
    type === "NodeChildrenChanged"
      ? ["NodeChildrenChanged", "NodeDeleted"]
      : ["NodeCreated", "NodeDeleted", "NodeDataChanged"];
  return types.some((one) => missed.includes(`${one} ${path}`));
}

function describeDifference(real: readonly string[], ours: readonly string[]): string {
  const at = real.findIndex((line, index) => line !== ours[index]);
  const first = Math.max(0, (at < 0 ? real.length : at) - 4);
  const show = (told: readonly string[]): string => told.slice(first, first + 14).join("\n     ");
  return `what is told differs:\nreal ${show(real)}\nours ${show(ours)}`;
}
