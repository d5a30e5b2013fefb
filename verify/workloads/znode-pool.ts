import type { TreeSession } from "../target.ts";
import { ensure } from "./sessions.ts";
import { pick } from "./worker.ts";
import type { Worker } from "./worker.ts";

interface Slot {
  path: string;
  uses: number;
}

/**
 * Znodes that are in use at a time. Each is taken by several clients at once, and after some uses another one takes its
 * place, so that none grows without bound, neither its data nor its history.
 */
export class ZnodePool {
  readonly root: string;
  readonly #slots: Slot[] = [];
  readonly #usesMax: number;
  #made = 0;

  constructor(root: string, usesMax: number) {
    this.root = root;
    this.#usesMax = usesMax;
  }

  /** All that there have been, in use or not. */
  get paths(): readonly string[] {
    return Array.from({ length: this.#made }, (_, index) => this.#pathOf(index));
  }

  /** @throws TargetError */
  async fill(session: TreeSession, count: number): Promise<void> {
    await ensure(session, this.root);
    while (this.#slots.length < count) this.#slots.push({ path: await this.#make(session), uses: 0 });
  }

  /** One of those in use. @throws TargetError if it was time for another one, and that could not be made */
  async take(worker: Worker, session: TreeSession): Promise<string> {
    const slot = pick(worker.context.random, this.#slots);
    slot.uses += 1;
    if (slot.uses > this.#usesMax) {
      const path = await this.#make(session);
      slot.path = path;
      slot.uses = 1;
    }
    return slot.path;
  }

  async #make(session: TreeSession): Promise<string> {
    const path = this.#pathOf(this.#made);
    // Counted only once it is there; until then others make the same one, which does no harm.
    await ensure(session, path);
    if (path === this.#pathOf(this.#made)) this.#made += 1;
    return path;
  }

  #pathOf(index: number): string {
    return `${this.root}/${index}`;
  }
}
