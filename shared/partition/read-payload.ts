/** Reads batches out of the payloads of hot entries, and gives them their true offsets. */
import { copyWithOffsets, rewriteBatchOffsets } from "../record/record-batch.ts";
import { StorageCorruptError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import type { Selection } from "./select-batches.ts";

/** The log has one leader for ever: whoever wins the put. */
const leaderEpoch = 0;

/**
 * The selected batches, each a whole RecordBatch v2 with its base offset; undefined if the payload's blob is gone, which
 * happens only after the entry was sealed. At most one request.
 *
 * @throws StorageCorruptError if the blob is cut off
 */
export async function readSelection(storage: Storage, selection: Selection): Promise<Uint8Array[] | undefined> {
  const { payload } = selection.entry;
  if (payload.kind === "inline") {
    return selection.batches.map(({ start, length, baseOffset }) =>
      copyWithOffsets(payload.bytes, start, start + length, baseOffset, leaderEpoch),
    );
  }
  const start = selection.batches[0]?.start ?? 0;
  const last = selection.batches.at(-1);
  const end = last === undefined ? start : last.start + last.length;
  const bytes = await storage.blobs.get(payload.key, { start, end });
  if (bytes === undefined) return undefined;
  if (bytes.length !== end - start) {
    throw new StorageCorruptError(`${payload.key} has ${bytes.length} of ${end - start} bytes from ${start}`);
  }
  return selection.batches.map((batch) => {
    const at = batch.start - start;
    rewriteBatchOffsets(bytes, at, batch.baseOffset, leaderEpoch);
    return bytes.subarray(at, at + batch.length);
  });
}
