/** The versions that a znode went through, as several multis read and wrote them, and who made and saw each. */
import type { MultiOperation, MultiStep } from "../history.ts";
import type { AnomalyList } from "./anomaly-list.ts";

/** A znode's history as far as it is known: version `i` was made by the writers at `i` and seen by the readers at `i`. */
export interface ZnodeVersions {
  readonly znode: string;
  /** Nodes, by rank; none for the beginning, or where nobody is known to have made it. */
  readonly writers: readonly (number | undefined)[];
  readonly readers: readonly (readonly number[])[];
  /** Nodes that surely appended after the last of these, in an order that nobody saw. */
  readonly laterWriters: readonly number[];
}

interface Access {
  readonly node: number;
  readonly step: MultiStep;
}

/** Adds what is wrong with a znode by itself; answers what orders the multis. */
export function versionsOf(
  operations: readonly MultiOperation[],
  describe: (node: number) => string,
  anomalies: AnomalyList,
): ZnodeVersions[] {
  const accesses = new Map<string, Access[]>();
  for (const [node, { steps }] of operations.entries()) {
    for (const step of steps) {
      const existing = accesses.get(step.znode);
      if (existing === undefined) accesses.set(step.znode, [{ node, step }]);
      else existing.push({ node, step });
    }
  }
  return [...accesses].map(([znode, list]) => {
    const around = { znode, operations, describe, anomalies };
    const isList = list.some(({ step }) => step.kind === "append" || step.kind === "readList");
    return isList ? listVersions(list, around) : valueVersions(list, around);
  });
}

interface Around {
  readonly znode: string;
  readonly operations: readonly MultiOperation[];
  readonly describe: (node: number) => string;
  readonly anomalies: AnomalyList;
}

function listVersions(accesses: readonly Access[], { znode, operations, describe, anomalies }: Around): ZnodeVersions {
  const appends = new Map<string, number>();
  const reads: { node: number; values: readonly string[] }[] = [];
  for (const { node, step } of accesses) {
    if (step.kind === "append") appends.set(step.value, node);
    if (step.kind !== "readList" || step.values === undefined || operations[node]?.outcome !== "ok") continue;
    const own = ownAppends(operations[node], znode, step);
    const values = own === 0 ? step.values : step.values.slice(0, -own);
    reads.push({ node, values });
  }
  const longest = reads.reduce<readonly string[]>(
    (most, { values }) => (values.length > most.length ? values : most),
    [],
  );
  const writers: (number | undefined)[] = [undefined];
  for (const value of longest) {
    const node = appends.get(value);
    if (node === undefined) anomalies.add("phantom element", () => `${znode} has ${value}, which nobody appended`);
    else if (operations[node]?.outcome === "fail") {
      anomalies.add("aborted read", () => `${znode} has ${value} of the failed ${describe(node)}`);
    }
    writers.push(node);
  }
  if (new Set(longest).size < longest.length) {
    anomalies.add("duplicate element", () => `${znode} has an element twice: ${longest.join(" ")}`);
  }
  const readers: number[][] = writers.map(() => []);
  for (const { node, values } of reads) {
    const at = values.findIndex((value, index) => value !== longest[index]);
    if (at >= 0) {
      anomalies.add(
        "incompatible order",
        () => `${znode} has ${values[at]} where another read had ${longest[at]}: ${describe(node)}`,
      );
    } else {
      readers[values.length]?.push(node);
      checkWhole(node, values, { writers, znode, describe, anomalies });
    }
  }
  const seen = new Set(longest);
  const laterWriters = [...appends].flatMap(([value, node]) =>
    operations[node]?.outcome === "ok" && !seen.has(value) ? [node] : [],
  );
  return { znode, writers, readers, laterWriters };
}

/** How many of a read's last elements the same multi appended before it. */
function ownAppends(operation: MultiOperation | undefined, znode: string, read: MultiStep): number {
  let count = 0;
  for (const step of operation?.steps ?? []) {
    if (step === read) return count;
    if (step.kind === "append" && step.znode === znode) count += 1;
  }
  return count;
}

/** A read that ends between two appends of one multi saw a part of it. */
function checkWhole(
  node: number,
  values: readonly string[],
  { writers, znode, describe, anomalies }: Omit<Around, "operations"> & Pick<ZnodeVersions, "writers">,
): void {
  const [last, next] = [writers[values.length], writers[values.length + 1]];
  if (values.length === 0 || last === undefined || last !== next) return;
  anomalies.add("intermediate read", () => `${znode}: ${describe(node)} saw a part of ${describe(last)}`);
}

function valueVersions(accesses: readonly Access[], { znode, operations, describe, anomalies }: Around): ZnodeVersions {
  const made = new Map<number, { value: string; writer: number | undefined }>([[0, { value: "", writer: undefined }]]);
  const byValue = new Map<string, number>();
  for (const { node, step } of accesses) {
    if (step.kind !== "write") continue;
    byValue.set(step.value, node);
    // One of which no version is known has a place where it was read, or none.
    if (operations[node]?.outcome !== "ok" || step.version === undefined) continue;
    const other = made.get(step.version);
    if (other !== undefined) {
      anomalies.add(
        "lost update",
        () => `${znode} got version ${step.version} twice: ${describe(node)} and ${describe(other.writer ?? -1)}`,
      );
    }
    made.set(step.version, { value: step.value, writer: node });
  }
  const reads: { node: number; version: number }[] = [];
  for (const { node, step } of accesses) {
    if (step.kind !== "read" || step.version === undefined || operations[node]?.outcome !== "ok") continue;
    const { version, value = "" } = step;
    const known = made.get(version);
    const writer = byValue.get(value);
    if (known === undefined) made.set(version, { value, writer });
    else if (known.value !== value) {
      anomalies.add(
        "inconsistent version",
        () => `${znode} has ${known.value} and ${value} at version ${version}: ${describe(node)}`,
      );
    }
    if (version > 0 && writer === undefined)
      anomalies.add("phantom element", () => `${znode} has ${value}, which nobody wrote`);
    if (writer !== undefined && operations[writer]?.outcome === "fail") {
      anomalies.add("aborted read", () => `${znode} has ${value} of the failed ${describe(writer)}`);
    }
    reads.push({ node, version });
  }
  const inOrder = [...made.keys()].toSorted((one, other) => one - other);
  const ranks = new Map(inOrder.map((version, rank) => [version, rank]));
  const readers: number[][] = inOrder.map(() => []);
  for (const { node, version } of reads) readers[ranks.get(version) ?? 0]?.push(node);
  const writers = inOrder.map((version) => made.get(version)?.writer);
  return { znode, writers, readers, laterWriters: [] };
}
