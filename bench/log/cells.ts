/** What is measured: a path, an operation, a batch size and a number of connections. */
export const paths = ["lmdb", "file", "process", "http"] as const;
export type Path = (typeof paths)[number];

export interface CellName {
  readonly path: Path;
  readonly operation: "produce" | "fetch";
  readonly batchBytes: number;
  readonly connections: number;
}

const batchSizes = [1_024, 16 * 1_024, 1_024 * 1_024] as const;
const connectionCounts = [1, 16] as const;

/** Every cell, the ceilings first. */
export function allCells(): readonly CellName[] {
  return paths.flatMap((path) =>
    (["produce", "fetch"] as const).flatMap((operation) =>
      batchSizes.flatMap((batchBytes) =>
        connectionCounts.map((connections) => ({ path, operation, batchBytes, connections })),
      ),
    ),
  );
}

/** For example `http produce 16KB x1`. */
export function cellTitle({ path, operation, batchBytes, connections }: CellName): string {
  return `${path} ${operation} ${sizeTitle(batchBytes)} x${connections}`;
}

export function sizeTitle(bytes: number): string {
  return bytes >= 1_048_576 ? `${bytes / 1_048_576}MB` : `${bytes / 1_024}KB`;
}

/** Whether every word of `only` is a word of the cell's title. */
export function isWanted(cell: CellName, only: string): boolean {
  const words = cellTitle(cell).split(" ");
  return only
    .split(/[\s,/]+/)
    .filter((word) => word !== "")
    .every((word) => words.includes(word));
}
