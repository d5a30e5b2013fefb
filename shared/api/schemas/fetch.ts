/** Fetching records, and finding offsets. */
import * as z from "zod";
import { fetchBytesDefault, fetchBytesMax, fetchRecordsMax, fetchWaitMsMax } from "../../limits.ts";
import { bytesOrNull, count, integerText, signedIntegerText } from "./common.ts";

const isolation = z.enum(["read_uncommitted", "read_committed"]).default("read_uncommitted");

export const fetchQuery = z.strictObject({
  offset: z
    .union([z.enum(["earliest", "latest"]), signedIntegerText], "must be earliest, latest or an offset")
    .default("earliest")
    .meta({
      description:
        "The first record to answer. An offset before the log start or beyond the high watermark is OFFSET_OUT_OF_RANGE.",
    }),
  maxBytes: integerText(fetchBytesMax).pipe(z.int().min(1).max(fetchBytesMax)).default(fetchBytesDefault).meta({
    description: "At least one whole batch is answered even if it is larger.",
  }),
  maxRecords: integerText(fetchRecordsMax).pipe(z.int().min(1).max(fetchRecordsMax)).default(fetchRecordsMax),
  minBytes: integerText(fetchBytesMax).default(1).meta({
    description: "Wait until so many bytes are there, for at most `waitMs`.",
  }),
  waitMs: integerText(fetchWaitMsMax).default(0),
  isolation,
});

export const fetchedRecord = z
  .object({
    offset: count,
    timestamp: z.int().meta({ description: "Ms since the epoch." }),
    key: bytesOrNull,
    value: bytesOrNull,
    headers: z.array(z.object({ key: z.string(), value: bytesOrNull })),
  })
  .meta({ id: "FetchedRecord" });

export const fetchAnswer = z.object({
  records: z.array(fetchedRecord),
  nextOffset: count.meta({ description: "Where to go on." }),
  highWatermark: count,
  lastStableOffset: count,
  logStartOffset: count,
});

export const listOffsetQuery = z.strictObject({
  at: z
    .union(
      [z.enum(["earliest", "latest"]), integerText(Number.MAX_SAFE_INTEGER)],
      "must be earliest, latest or ms since the epoch",
    )
    .meta({
      description: "`earliest`, `latest`, or ms since the epoch: the first record at or after it.",
    }),
  isolation: isolation.meta({
    description: "With read_committed `latest` is the last stable offset, and no record at or beyond it is found.",
  }),
});

/** Offset -1 where no record is at or after the timestamp; timestamp -1 where it is not known (Kafka ListOffsets). */
export const listOffsetAnswer = z.object({ offset: z.int().min(-1), timestamp: z.int().min(-1) });

export type FetchQuery = z.output<typeof fetchQuery>;
export type FetchedRecordAnswer = z.infer<typeof fetchedRecord>;
export type FetchAnswer = z.infer<typeof fetchAnswer>;
export type ListOffsetAnswer = z.infer<typeof listOffsetAnswer>;
