/** Histories of znodes that kept every promise. */
import type { MultiOperation, MultiStep, RegisterOperation, SetOperation } from "../../verify/history.ts";
import { SerialCalls, type SerialOptions } from "./serial-calls.ts";

/** Znodes in use at once; after so many elements one is given up for a new one. */
const znodesCount = 16;
const elementsMax = 32;

export interface RegisterHistoryOptions extends SerialOptions {
  readonly znodes: number;
  /** Answers do not tell versions, so that their order has to be searched for. */
  readonly hidesVersions?: boolean;
}

export function registerHistory(options: RegisterHistoryOptions): RegisterOperation[] {
  const calls = new SerialCalls(options);
  const states = Array.from({ length: options.znodes }, (_, index) => ({ znode: `/r${index}`, version: 0, value: "" }));
  const operations: RegisterOperation[] = [];
  for (let index = 0; !calls.isOver; index += 1) {
    const { call, hasEffect } = calls.next();
    const state = states[calls.below(states.length)] ?? { znode: "/r", version: 0, value: "" };
    const { znode } = state;
    const choice = calls.below(10);
    const value = `v${index}`;
    const told = (): { version?: number } =>
      call.outcome === "ok" && options.hidesVersions !== true ? { version: state.version } : {};
    if (choice < 4) {
      if (call.outcome === "ok") operations.push({ ...call, znode, kind: "read", value: state.value, ...told() });
      continue;
    }
    const expectedVersion = state.version;
    if (choice === 4) {
      const refused = { outcome: "fail", kind: "compareAndSet", isRefused: true } as const;
      if (call.outcome === "ok")
        operations.push({ ...call, ...refused, znode, value, expectedVersion: expectedVersion + 1 });
      continue;
    }
    if (hasEffect) Object.assign(state, { version: state.version + 1, value });
    if (choice < 7) operations.push({ ...call, znode, kind: "write", value, ...told() });
    else operations.push({ ...call, znode, kind: "compareAndSet", value, expectedVersion, ...told() });
  }
  return operations;
}

export function setHistory(options: SerialOptions): SetOperation[] {
  const calls = new SerialCalls(options);
  const lists = new Lists();
  const operations: SetOperation[] = [];
  for (let index = 0; !calls.isOver; index += 1) {
    const { call, hasEffect } = calls.next();
    const { znode, elements } = lists.at(calls.below(znodesCount));
    if (calls.chance(0.4)) {
      if (call.outcome === "ok") operations.push({ ...call, znode, kind: "read", elements: [...elements] });
      continue;
    }
    const element = `e${index}`;
    if (hasEffect) elements.push(element);
    operations.push({ ...call, znode, kind: "add", element });
  }
  return operations;
}

/** Some znodes have lists, some have values with versions. */
export function multiHistory(options: SerialOptions): MultiOperation[] {
  const calls = new SerialCalls(options);
  const lists = new Lists();
  const values = Array.from({ length: znodesCount }, (_, index) => ({ znode: `/v${index}`, version: 0, value: "" }));
  const operations: MultiOperation[] = [];
  for (let index = 0; !calls.isOver; index += 1) {
    const { call, hasEffect } = calls.next();
    const steps: MultiStep[] = [];
    const first = calls.below(znodesCount);
    for (let step = 0; step < 1 + calls.below(3); step += 1) {
      const list = lists.at((first + step) % znodesCount);
      const { znode } = list;
      if (calls.chance(0.3)) {
        steps.push({ kind: "readList", znode, ...(call.outcome === "ok" ? { values: [...list.elements] } : {}) });
        continue;
      }
      const value = `e${index}-${step}`;
      if (hasEffect) list.elements.push(value);
      steps.push({ kind: "append", znode, value });
    }
    const state = values[first];
    if (state !== undefined) {
      const { znode } = state;
      steps.push({
        kind: "read",
        znode,
        ...(call.outcome === "ok" ? { value: state.value, version: state.version } : {}),
      });
      const value = `v${index}`;
      if (hasEffect) Object.assign(state, { value, version: state.version + 1 });
      steps.push({ kind: "write", znode, value, ...(call.outcome === "ok" ? { version: state.version } : {}) });
    }
    operations.push({ ...call, steps });
  }
  return operations;
}

class Lists {
  readonly #lists = Array.from({ length: znodesCount }, (_, index) => ({
    znode: `/l${index}-0`,
    elements: [] as string[],
  }));
  #generation = 0;

  at(index: number): { znode: string; elements: string[] } {
    const list = this.#lists[index];
    if (list !== undefined && list.elements.length < elementsMax) return list;
    this.#generation += 1;
    const fresh = { znode: `/l${index}-${this.#generation}`, elements: [] };
    this.#lists[index] = fresh;
    return fresh;
  }
}
