import { encodeMarker, type Marker, noSequence } from "../record/transaction-marker.ts";
import type { AppendRequest } from "./plan-append.ts";

/** The request that ends a producer's transaction in a partition. @param nowMs timestamp of the control record */
export function markerRequest(marker: Marker, nowMs: number): AppendRequest {
  const bytes = encodeMarker(marker, nowMs);
  const { producerId, producerEpoch, commit } = marker;
  return {
    bytes,
    batches: [
      {
        start: 0,
        length: bytes.length,
        recordCount: 1,
        maxTimestamp: nowMs,
        producer: { producerId, producerEpoch, baseSequence: noSequence },
        transaction: { kind: commit ? "commit" : "abort" },
      },
    ],
  };
}
