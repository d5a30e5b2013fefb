/**
 * A classic group's state as the bytes of one attribute.
 *
 *     state    => version:u8 phase:u8 generation:varint protocolType:string protocolName:string leader:varint (place + 1, or 0)
 *                 aliveAtMs:varlong deadlineMs:varlong initial (0, or 1 + leftMs:varlong newcomers:boolean)
 *                 [bytes] [member] [pending] crc:u32
 *     member   => memberId:string instanceId:string? clientId:string clientHost:string sessionTimeoutMs:varint
 *                 rebalanceTimeoutMs:varint joined:boolean [name:string metadata:place in bytes] assignment:bytes
 *     pending  => memberId:string untilMs:varlong
 *
 * Members say the same as a rule, so what they say stands once: `bytes`. With a checksum, because wrong bytes would be handed out.
 */
import { classicMetadataBytesMax, classicPendingMax, classicProtocolsMax } from "../limits/classic-groups.ts";
import { groupItemBytesEnd, groupMembersMax } from "../limits/groups.ts";
import { ByteReader } from "../record/byte-reader.ts";
import { ByteWriter } from "../record/byte-writer.ts";
import { crc32c } from "../record/crc32c.ts";
import { MalformedBytesError } from "../record/malformed-bytes-error.ts";
import type { ClassicMember, ClassicPhase, ClassicState } from "./classic-state.ts";

const version = 1;
const crcBytes = 4;
/** In the order of their codes. */
const phases: readonly ClassicPhase[] = ["Empty", "PreparingRebalance", "CompletingRebalance", "Stable"];

export function encodeClassic(state: ClassicState): Uint8Array {
  const out = new ByteWriter(1_024);
  const members = [...state.members.values()];
  const { initial } = state;
  out.u8(version);
  out.u8(phases.indexOf(state.phase));
  out.unsignedVarint(state.generation);
  out.prefixedString(state.protocolType);
  out.prefixedString(state.protocolName);
  out.unsignedVarint(members.findIndex(({ memberId }) => memberId === state.leader) + 1);
  out.unsignedVarlongSafe(state.aliveAtMs);
  out.unsignedVarlongSafe(state.deadlineMs);
  out.boolean(initial !== undefined);
  if (initial !== undefined) {
    out.unsignedVarlongSafe(initial.leftMs);
    out.boolean(initial.hasNewcomers);
  }
  const { list, placeOf } = distinct(members);
  out.unsignedVarint(list.length);
  for (const bytes of list) out.prefixedBytes(bytes);
  out.unsignedVarint(members.length);
  for (const member of members) encodeMember(out, member, placeOf);
  out.unsignedVarint(state.pending.size);
  for (const [memberId, untilMs] of state.pending) {
    out.prefixedString(memberId);
    out.unsignedVarlongSafe(untilMs);
  }
  out.u32(crc32c(out.finish()));
  return out.finish();
}

/** What all members say, each once. */
function distinct(members: readonly ClassicMember[]): {
  readonly list: readonly Uint8Array[];
  readonly placeOf: (metadata: Uint8Array) => number;
} {
  const places = new Map<string, number>();
  const list: Uint8Array[] = [];
  const known = new Map<Uint8Array, number>();
  for (const metadata of members.flatMap(({ protocols }) => protocols.map((protocol) => protocol.metadata))) {
    const name = textOf(metadata);
    const place = places.get(name) ?? list.length;
    if (place === list.length) list.push(metadata);
    places.set(name, place);
    known.set(metadata, place);
  }
  return { list, placeOf: (metadata) => known.get(metadata) ?? 0 };
}

/** One character for each byte. */
function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function encodeMember(out: ByteWriter, member: ClassicMember, placeOf: (metadata: Uint8Array) => number): void {
  out.prefixedString(member.memberId);
  out.nullablePrefixedString(member.instanceId ?? null);
  out.prefixedString(member.clientId);
  out.prefixedString(member.clientHost);
  out.unsignedVarint(member.sessionTimeoutMs);
  out.unsignedVarint(member.rebalanceTimeoutMs);
  out.boolean(member.joined);
  out.unsignedVarint(member.protocols.length);
  for (const { name, metadata } of member.protocols) {
    out.prefixedString(name);
    out.unsignedVarint(placeOf(metadata));
  }
  out.prefixedBytes(member.assignment);
}

/** @throws MalformedBytesError */
export function decodeClassic(bytes: Uint8Array): ClassicState {
  if (bytes.length > groupItemBytesEnd) throw malformed(`it has ${bytes.length} bytes`);
  const from = new ByteReader(bytes, 0, Math.max(0, bytes.length - crcBytes));
  const crc = new ByteReader(bytes, from.end).u32();
  if (crc !== crc32c(bytes, 0, from.end)) throw malformed("its checksum is wrong");
  if (from.u8() !== version) throw malformed("its version is not known");
  const phase = phases[from.u8()];
  if (phase === undefined) throw malformed("its phase is not known");
  const generation = from.unsignedVarint();
  const [protocolType, protocolName] = [from.prefixedString(), from.prefixedString()];
  const leaderPlace = from.unsignedVarint();
  const [aliveAtMs, deadlineMs] = [from.unsignedVarlongSafe(), from.unsignedVarlongSafe()];
  const initial = from.boolean() ? { leftMs: from.unsignedVarlongSafe(), hasNewcomers: from.boolean() } : undefined;
  const metadata = listFrom(from, groupMembersMax * classicProtocolsMax, () => {
    const one = from.prefixedBytes();
    if (one.length > classicMetadataBytesMax) throw malformed("what a member says is too long");
    return one;
  });
  const members = listFrom(from, groupMembersMax, () => decodeMember(from, metadata));
  const pending = listFrom(from, classicPendingMax, () => [from.prefixedString(), from.unsignedVarlongSafe()] as const);
  from.expectEnd();
  if (leaderPlace > members.length) throw malformed("its leader is not a member");
  const byId = new Map(members.map((member) => [member.memberId, member]));
  if (byId.size !== members.length) throw malformed("a member stands in it twice");
  return {
    phase,
    generation,
    protocolType,
    protocolName,
    leader: members[leaderPlace - 1]?.memberId ?? "",
    members: byId,
    pending: new Map(pending),
    aliveAtMs,
    deadlineMs,
    ...(initial === undefined ? {} : { initial }),
  };
}

function decodeMember(from: ByteReader, metadata: readonly Uint8Array[]): ClassicMember {
  const memberId = from.prefixedString();
  const instanceId = from.nullablePrefixedString();
  const [clientId, clientHost] = [from.prefixedString(), from.prefixedString()];
  const [sessionTimeoutMs, rebalanceTimeoutMs] = [from.unsignedVarint(), from.unsignedVarint()];
  const joined = from.boolean();
  const protocols = listFrom(from, classicProtocolsMax, () => {
    const name = from.prefixedString();
    const said = metadata[from.unsignedVarint()];
    if (said === undefined) throw malformed("a member says what is not there");
    return { name, metadata: said };
  });
  const own = { memberId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs, joined, protocols };
  const assignment = from.prefixedBytes();
  return instanceId === null ? { ...own, assignment } : { ...own, assignment, instanceId };
}

function listFrom<Element>(from: ByteReader, max: number, read: () => Element): Element[] {
  const count = from.unsignedVarint();
  if (count > max) throw malformed(`it counts to ${count}`);
  return Array.from({ length: count }, read);
}

function malformed(what: string): MalformedBytesError {
  return new MalformedBytesError(`the state of a classic group does not decode: ${what}`);
}
