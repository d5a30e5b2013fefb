/** Where clients put keys by default. */
import { crc32 } from "node:zlib";
import { partitionForKey } from "../../../shared/record/murmur2.ts";

/** librdkafka's `consistent_random`. */
export function crc32Partition(key: string, partitions: number): number {
  return crc32(key) % partitions;
}

/** The Java client's, which most others follow. */
export function murmur2Partition(key: string, partitions: number): number {
  return partitionForKey(new TextEncoder().encode(key), partitions);
}
