/** Calls of several clients that overlap, though their effects come one after the other: some are never answered. */
import type { Operation } from "../../verify/history.ts";
import { SeededRandom } from "../../verify/seeded-random.ts";

export interface SerialOptions {
  readonly seed: number;
  /** Calls, about. */
  readonly operations: number;
  /** Clients at once. */
  readonly clients: number;
  /** Share of the calls that are not answered. */
  readonly unsure: number;
}

/** `call` is what its client saw; without an effect it never came to anything. */
export interface Turn {
  readonly client: number;
  readonly call: Operation;
  readonly hasEffect: boolean;
}

/** Time from one effect to the next. */
const effectEvery = 10;

export class SerialCalls {
  readonly #random: SeededRandom;
  readonly #options: SerialOptions;
  readonly #processes: number[];
  #effects = 0;

  constructor(options: SerialOptions) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
    this.#processes = Array.from({ length: options.clients }, (_, client) => client);
  }

  get isOver(): boolean {
    return this.#effects >= this.#options.operations;
  }

  get now(): number {
    return this.#effects * effectEvery;
  }

  below(bound: number): number {
    return this.#random.uint32() % bound;
  }

  chance(share: number): boolean {
    return this.#random.uint32() < share * 2 ** 32;
  }

  /** The next call: its client waits for its answer before it calls again. */
  next(): Turn {
    const { clients, unsure } = this.#options;
    const client = this.#effects % clients;
    const at = this.now;
    this.#effects += 1;
    const reach = (clients * effectEvery) / 2;
    const [invokedAt, answeredAt] = [at - this.below(reach), at + this.below(reach)];
    const process = this.#processes[client] ?? client;
    if (!this.chance(unsure))
      return { client, call: { process, invokedAt, answeredAt, outcome: "ok" }, hasEffect: true };
    this.#processes[client] = process + clients;
    return {
      client,
      call: { process, invokedAt, answeredAt: Infinity, outcome: "info" },
      hasEffect: this.chance(0.5),
    };
  }
}
