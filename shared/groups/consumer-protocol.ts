/**
 * What members of a classic group with the protocol type `consumer` say to each other: here it is only read to describe the group.
 *
 *     subscription => version:i16 [topic:string16] userData:bytes32? ...
 *     assignment   => version:i16 [topic:string16 [partition:i32]] userData:bytes32? ...
 *
 * https://kafka.apache.org/protocol: ConsumerProtocolSubscription, ConsumerProtocolAssignment. Later versions only add to the end.
 */
import { groupPartitionsMax, groupTopicsMax } from "../limits/groups.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";

/** Names of the topics that a member is subscribed to; none if the bytes are something else. */
export function decodeConsumerSubscription(metadata: Uint8Array): string[] {
  return orNone(() => {
    const from = new ByteReader(metadata);
    checkVersion(from.i16());
    return listFrom(from, groupTopicsMax, () => from.text(from.u16()));
  });
}

/** What a member is assigned, by topic; none if the bytes are something else. */
export function decodeConsumerAssignment(
  assignment: Uint8Array,
): { readonly topic: string; readonly partitions: readonly number[] }[] {
  return orNone(() => {
    if (assignment.length === 0) return [];
    const from = new ByteReader(assignment);
    checkVersion(from.i16());
    return listFrom(from, groupTopicsMax, () => ({
      topic: from.text(from.u16()),
      partitions: listFrom(from, groupPartitionsMax, () => from.i32()),
    }));
  });
}

function checkVersion(version: number): void {
  if (version < 0) throw new MalformedBytesError(`version ${version}`);
}

function listFrom<Element>(from: ByteReader, max: number, read: () => Element): Element[] {
  const count = from.i32();
  if (count < 0 || count > max) throw new MalformedBytesError(`a list counts to ${count}`);
  return Array.from({ length: count }, read);
}

/** Nobody but the members knows whether they are of a consumer at all. */
function orNone<Element>(read: () => Element[]): Element[] {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof MalformedBytesError) return [];
    throw cause;
  }
}
