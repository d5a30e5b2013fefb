/**
 * Linearizability of znodes that are read, written and compared and set. Linearizability is local, so each znode is judged by
 * itself. Where every answer tells its version the order of writes is known, and what is left is in linear time to find a
 * moment for each, and a write of which nobody knows for each version that nobody acknowledged; else the possible orders
 * are searched (see `searchLinearization`).
 */
import type { RegisterHistory, RegisterOperation } from "../history.ts";
import type { Anomaly } from "./anomaly.ts";
import { AnomalyList } from "./anomaly-list.ts";
import { searchLinearization } from "./linearization-search.ts";
import { fillGaps } from "./version-gaps.ts";
import { VersionTimeline } from "./version-timeline.ts";

/** Adds up all orders that are tried for one znode without a verdict. */
const defaultStepsMax = 2_000_000;

export interface RegisterCheckOptions {
  /** Of the search where versions are unknown; when they are used up the verdict is `unknown`. */
  readonly stepsMax?: number;
}

/** Anomalies are named `nonlinearizable`, or `unknown`. */
export function checkRegisters(
  { operations, initialValues }: RegisterHistory,
  { stepsMax = defaultStepsMax }: RegisterCheckOptions = {},
): readonly Anomaly[] {
  const anomalies = new AnomalyList();
  for (const [znode, calls] of Map.groupBy(operations, (operation) => operation.znode)) {
    const initialValue = initialValues?.get(znode) ?? "";
    if (calls.every(tellsVersion)) new VersionedRegister(znode, initialValue, calls, anomalies).check();
    else searchLinearization(znode, initialValue, calls, stepsMax, anomalies);
  }
  return anomalies.found();
}

function tellsVersion(call: RegisterOperation): boolean {
  if (call.outcome !== "ok") return true;
  return call.version !== undefined && (call.kind !== "read" || call.value !== undefined);
}

/** How a call is named in an anomaly. */
function describeRegisterCall(call: RegisterOperation): string {
  const { process, kind, invokedAt, answeredAt, outcome, version, value } = call;
  const expected = call.kind === "compareAndSet" ? `${call.expectedVersion} -> ` : "";
  const at = version === undefined ? "" : ` at version ${version}`;
  return `[process ${process} ${kind} ${expected}${JSON.stringify(value)}${at}, ${invokedAt} to ${answeredAt}, ${outcome}]`;
}

class VersionedRegister {
  readonly #znode: string;
  readonly #calls: readonly RegisterOperation[];
  readonly #anomalies: AnomalyList;
  /** By version: the value that it has, and who wrote or read it. */
  readonly #values = new Map<number, { readonly value: string; readonly by: RegisterOperation | undefined }>();
  readonly #writers = new Map<number, RegisterOperation>();

  constructor(znode: string, initialValue: string, calls: readonly RegisterOperation[], anomalies: AnomalyList) {
    this.#znode = znode;
    this.#calls = calls;
    this.#anomalies = anomalies;
    this.#values.set(0, { value: initialValue, by: undefined });
  }

  check(): void {
    for (const call of this.#calls) if (call.outcome === "ok" && call.kind !== "read") this.#addWrite(call);
    for (const call of this.#calls) if (call.outcome === "ok" && call.kind === "read") this.#addRead(call);
    const versionMax = [...this.#values.keys()].reduce((max, version) => Math.max(max, version), 0);
    const unsure = this.#calls.filter(({ kind, outcome }) => kind !== "read" && outcome === "info");
    const missing = versionMax - this.#writers.size;
    if (missing > unsure.length) {
      this.#add(() => `is at version ${versionMax}, and ${missing} of these writes are nobody's`);
      return;
    }
    const timeline = this.#timeline(versionMax);
    for (const { later, earlier } of timeline.contradictions()) {
      this.#add(() => `${describeRegisterCall(later)} began after ${describeRegisterCall(earlier)} had ended`);
    }
    const values = new Map([...this.#values].map(([version, { value }]) => [version, value]));
    for (const version of fillGaps({ versionMax, writers: this.#writers, values, unsure, timeline })) {
      this.#add(() => `has version ${version}, which nobody can have written: ${this.#holderOf(version)}`);
    }
    this.#checkRefusals(timeline, versionMax, unsure);
  }

  #addWrite(call: RegisterOperation): void {
    const { version = -1, value = "" } = call;
    if (version < 1 || (call.kind === "compareAndSet" && version !== call.expectedVersion + 1)) {
      this.#add(() => `got a version that it cannot have: ${describeRegisterCall(call)}`);
      return;
    }
    const other = this.#writers.get(version);
    if (other !== undefined) {
      this.#add(() => `got a version twice: ${describeRegisterCall(other)} and ${describeRegisterCall(call)}`);
      return;
    }
    this.#writers.set(version, call);
    this.#values.set(version, { value, by: call });
  }

  #addRead(call: RegisterOperation): void {
    const { version = -1, value = "" } = call;
    const known = this.#values.get(version);
    if (known === undefined && version >= 0) this.#values.set(version, { value, by: call });
    else if (known?.value !== value) {
      const holder = known?.by === undefined ? "the beginning" : describeRegisterCall(known.by);
      this.#add(() => `has two values at one version: ${describeRegisterCall(call)} against ${holder}`);
    }
  }

  #timeline(versionMax: number): VersionTimeline<RegisterOperation> {
    const timeline = new VersionTimeline<RegisterOperation>(versionMax);
    for (const [version, call] of this.#writers) timeline.write(version, call);
    for (const call of this.#calls) {
      if (call.outcome === "ok" && call.kind === "read") timeline.read(call.version ?? 0, call);
    }
    timeline.settle();
    return timeline;
  }

  /**
   * Who was refused because of the version must have had a moment at which the version was another. Each refusal is judged
   * by itself, against what the other calls leave open: what two refusals say only together is not found.
   */
  #checkRefusals(
    timeline: VersionTimeline<RegisterOperation>,
    versionMax: number,
    unsure: readonly RegisterOperation[],
  ): void {
    // One more write may have been made that nobody saw.
    const unsureFrom = unsure.reduce((first, call) => {
      const fits = call.kind !== "compareAndSet" || call.expectedVersion === versionMax;
      return fits ? Math.min(first, call.invokedAt) : first;
    }, Infinity);
    for (const call of this.#calls) {
      if (call.kind !== "compareAndSet" || call.outcome !== "fail" || call.isRefused !== true) continue;
      const { expectedVersion: version, invokedAt, answeredAt } = call;
      if (version < 0 || version > versionMax) continue;
      const wasThere = version === 0 || timeline.latest(version) < invokedAt;
      const next = version === versionMax ? unsureFrom : timeline.earliest(version + 1);
      if (wasThere && next > answeredAt) {
        this.#add(() => `had the version all the time at which it was refused: ${describeRegisterCall(call)}`);
      }
    }
  }

  #holderOf(version: number): string {
    const holder = this.#values.get(version)?.by;
    return holder === undefined ? "nobody read it" : describeRegisterCall(holder);
  }

  #add(detail: () => string): void {
    this.#anomalies.add("nonlinearizable", () => `${this.#znode} ${detail()}`);
  }
}
