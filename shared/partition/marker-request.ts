import { type Marker, encodeMarker, markerEpochMax, noSequence } from "../record/transaction-marker.ts";
import type { AppendRequest } from "./plan-append.ts";

/** The request that ends a producer's transaction in a partition. @param nowMs timestamp of the control record */
export function markerRequest(marker: Marker & { readonly sequencesGoOn?: boolean }, nowMs: number): AppendRequest {
  const { producerId, producerEpoch, commit, sequencesGoOn = false } = marker;
  // Kafka's readers do not go by it.
  const bytes = encodeMarker({ producerId, producerEpoch: Math.min(producerEpoch, markerEpochMax), commit }, nowMs);
  return {
    bytes,
    batches: [
      {
        start: 0,
        length: bytes.length,
        recordCount: 1,
        maxTimestamp: nowMs,
        producer: { producerId, producerEpoch, baseSequence: noSequence },
        transaction: { kind: commit ? "commit" : "abort", ...(sequencesGoOn ? { sequencesGoOn } : {}) },
      },
    ],
  };
}
