/** What one connection of ZooKeeper's protocol does: some of it as a client would, most of it not. */
import { JuteWriter } from "../../../gateway/zookeeper/protocol/jute-writer.ts";
import { type OperationName, operations } from "../../../gateway/zookeeper/protocol/operations.ts";
import { connectRequest, requestHeader } from "../../../gateway/zookeeper/protocol/records.ts";
import type { FuzzRandom } from "../fuzz-random.ts";
import { mutateBytes } from "../mutate-bytes.ts";
import { anyRequest, operationNames } from "./any-request.ts";

/** What was learnt from answers. */
export interface Learnt {
  readonly paths: readonly string[];
  readonly sessions: readonly { readonly sessionId: bigint; readonly passwd: Uint8Array }[];
}

/** A frame that is told apart from others: its length is right. */
export interface SentFrame {
  readonly xid: number;
  /** Absent where the body may be another's. */
  readonly name?: OperationName;
}

export interface Script {
  readonly bytes: Uint8Array;
  readonly asksWord: boolean;
  /** Frames, well formed or not. */
  readonly count: number;
  /** In their order, where each of them is answered once: undefined where lengths are wrong, or there may be no session. */
  readonly frames: readonly SentFrame[] | undefined;
  /** What is written at once. */
  readonly chunkBytes: number;
  readonly ending: "wait" | "end" | "cut" | "reset";
  readonly isSlow: boolean;
}

const words = ["ruok", "srvr", "stat", "mntr", "conf", "cons", "envi", "wchs", "wchc", "wchp", "dump", "isro", "crst"];
const headBytes = 4;
const headerBytes = 8;
const writer = new JuteWriter();
const corpus: readonly Uint8Array[] = [Uint8Array.of(0, 0, 0, 0), Uint8Array.of(0, 0, 0, 2, 47, 97)];

export function anyScript(random: FuzzRandom, learnt: Learnt): Script {
  return random.chance(0.05) ? wordScript(random) : framesScript(random, learnt);
}

function wordScript(random: FuzzRandom): Script {
  const word = Buffer.from(random.chance(0.8) ? random.pick(words) : "abcd");
  const bytes = random.chance(0.3) ? mutateBytes(random, word, corpus) : word;
  const more = random.chance(0.3) ? random.bytes(random.below(40)) : new Uint8Array();
  return {
    bytes: Buffer.concat([bytes, more]),
    asksWord: true,
    count: 1,
    frames: undefined,
    chunkBytes: random.pick([1, 4, 100]),
    ending: random.pick(["end", "cut", "reset"]),
    isSlow: random.chance(0.1),
  };
}

function framesScript(random: FuzzRandom, learnt: Learnt): Script {
  const count = random.pick([0, 1, 3, 8, 8, 15, 15, 30, random.chance(0.03) ? 1_500 : 40]);
  const isConnected = random.chance(0.9);
  const { bytes: head, isNew } = isConnected ? connectFrame(random, learnt) : brokenConnect(random, learnt);
  const parts: Uint8Array[] = [head];
  const frames: SentFrame[] = [];
  let isFramed = isNew;
  for (let index = 0; index < count; index += 1) {
    const { bytes, name } = anyFrame(random, learnt, count > 1_000);
    parts.push(bytes);
    if (bytes.length < headBytes + headerBytes) isFramed = false;
    else if (isFramed) frames.push({ xid: Buffer.from(bytes).readInt32BE(headBytes), ...(name && { name }) });
    if (random.chance(0.004)) {
      parts.push(random.pick([lengthFrame(random), bytes.subarray(0, random.below(bytes.length))]));
      isFramed = false;
      break;
    }
  }
  const bytes = Buffer.concat(parts);
  const ending = random.pick(["wait", "wait", "wait", "end", "cut", "reset"] as const);
  return {
    bytes: ending === "cut" && random.chance(0.5) ? bytes.subarray(0, random.below(bytes.length)) : bytes,
    asksWord: false,
    count: count + 1,
    frames: isFramed ? frames : undefined,
    chunkBytes: random.pick([bytes.length, bytes.length, 5_000, 700, Math.max(1, Math.ceil(bytes.length / 50))]),
    ending,
    isSlow: random.chance(0.04),
  };
}

/** One that gives a session, if it is for a new one. */
function connectFrame(random: FuzzRandom, { sessions }: Learnt): { bytes: Uint8Array; isNew: boolean } {
  const known = sessions.length > 0 && random.chance(0.25) ? random.pick(sessions) : undefined;
  const to = writer.begin();
  connectRequest.write(to, {
    protocolVersion: 0,
    lastZxidSeen: 0,
    timeOut: random.pick([-1, 0, 4_000, 10_000, 0x7fff_ffff]),
    sessionId: known?.sessionId ?? 0n,
    passwd: known?.passwd ?? (random.chance(0.1) ? null : new Uint8Array(16)),
    readOnly: random.pick([undefined, true, false]),
  });
  return { bytes: to.end(), isNew: known === undefined };
}

function brokenConnect(random: FuzzRandom, learnt: Learnt): { bytes: Uint8Array; isNew: boolean } {
  const { bytes } = connectFrame(random, learnt);
  const kind = random.below(5);
  if (kind === 0) return { bytes: random.bytes(random.below(64)), isNew: false };
  const broken = Buffer.from(bytes);
  if (kind === 1) broken.writeBigInt64BE(BigInt.asIntN(64, BigInt(random.whole()) << BigInt(random.below(40))), 20);
  else if (kind === 2) broken.writeInt32BE(random.whole() | 0, 12);
  else if (kind === 3) broken.writeBigInt64BE(random.pick([-1n, 1n << 62n, BigInt(random.uint32())]), 8);
  else return { bytes: reframed(mutateBytes(random, bytes.subarray(headBytes), corpus)), isNew: false };
  return { bytes: broken, isNew: false };
}

function anyFrame(
  random: FuzzRandom,
  { paths }: Learnt,
  isLight: boolean,
): { readonly bytes: Uint8Array; readonly name?: OperationName } {
  const name = isLight ? random.pick(["ping", "exists", "setData"] as const) : anyName(random);
  const to = writer.begin();
  const type = random.chance(0.02)
    ? random.pick([0, 10, 20, -10, -1, 200, random.uint32() | 0])
    : operations[name].code;
  requestHeader.write(to, { xid: name === "ping" ? -2 : random.below(10_000), type });
  operations[name].request.write(to, anyRequest(random, name, paths) as never);
  const bytes = to.end();
  if (random.chance(0.35)) return type === operations[name].code ? { bytes, name } : { bytes };
  // The type mostly stays: what is read by it is to be broken.
  const from = headBytes + (random.chance(0.95) ? headerBytes : 0);
  const mutated = mutateBytes(random, bytes.subarray(from), corpus);
  return { bytes: reframed(Buffer.concat([bytes.subarray(headBytes, from), mutated])) };
}

/** Few of them end the session. */
function anyName(random: FuzzRandom): OperationName {
  const name = random.pick(operationNames);
  return (name === "closeSession" || name === "sasl" || name === "auth") && random.chance(0.9) ? "multi" : name;
}

function reframed(body: Uint8Array): Uint8Array {
  const frame = Buffer.alloc(headBytes + body.length);
  frame.writeInt32BE(body.length);
  frame.set(body, headBytes);
  return frame;
}

/** A length that is wrong, with little behind it. */
function lengthFrame(random: FuzzRandom): Uint8Array {
  const frame = Buffer.alloc(headBytes + random.below(30));
  frame.writeInt32BE(random.pick([0, -1, 0x7fff_ffff, -0x8000_0000, 5 * 1024 * 1024 + 1, 5_000_000, 1_000]));
  return frame;
}
