import type { FetchedRecord, Services } from "../../../shared/services/services.ts";

export interface CommittedRecords {
  readonly records: readonly FetchedRecord[];
  readonly highWatermark: number;
  readonly lastStableOffset: number;
}

/** What a reader under read_committed sees of a partition from an offset on, until there is no more. */
export async function readCommitted(
  { fetch }: Pick<Services, "fetch">,
  place: { readonly namespace: string; readonly topic: string; readonly partition: number },
  from = 0,
): Promise<CommittedRecords> {
  const all: FetchedRecord[] = [];
  for (let offset = from; ;) {
    const { records, nextOffset, highWatermark, lastStableOffset } = await fetch.fetchRecords({
      ...place,
      offset,
      maxBytes: 1_000_000,
      maxRecords: 1_000,
      minBytes: 0,
      waitMs: 0,
      isolation: "read_committed",
    });
    all.push(...records);
    if (nextOffset <= offset || nextOffset >= lastStableOffset)
      return { records: all, highWatermark, lastStableOffset };
    offset = nextOffset;
  }
}
