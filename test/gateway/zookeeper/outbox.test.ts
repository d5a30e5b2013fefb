import type { Socket } from "node:net";
import { Writable } from "node:stream";
import { beforeEach, expect, test } from "vitest";
import { HeldBytes } from "../../../gateway/connections/held-bytes.ts";
import { Flusher, Outbox } from "../../../gateway/zookeeper/outbox.ts";
import { JuteWriter } from "../../../gateway/zookeeper/protocol/jute-writer.ts";
import { keptBlockBytes, unsentBytesMax } from "../../../shared/limits/zookeeper-gateway.ts";

/** Takes what it is given when the test says so. */
class SlowSocket extends Writable {
  readonly read: Buffer[] = [];
  #next: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.read.push(chunk);
    this.#next = done;
  }

  readOn(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }
}

let socket: SlowSocket;
let outbox: Outbox;
let isClosed: boolean;
let drains: number;
const writer = new JuteWriter();

beforeEach(() => {
  socket = new SlowSocket();
  isClosed = false;
  drains = 0;
  const holder = { close: () => void (isClosed = true) };
  const onDrain = (): void => void (drains += 1);
  const unsent = new HeldBytes(Infinity, () => 0);
  outbox = new Outbox({ socket: socket as unknown as Socket, holder, unsent, flusher: new Flusher(), onDrain });
});

function frameOf(bytes: number, fill: number): Buffer {
  return writer.begin().raw(Buffer.alloc(bytes, fill)).end();
}

async function send(frame: Buffer): Promise<void> {
  outbox.send(frame);
  await new Promise((resolve) => setImmediate(resolve));
}

async function readAll(): Promise<void> {
  while (outbox.unsentBytes > 0) {
    socket.readOn();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("a client that reads late gets everything in its order", async () => {
  const sent: Buffer[] = [];
  for (const [index, bytes] of [100_000, 10, 20_000, 0, 15_000, 5_000, 70_000, 3, 40_000, 7].entries()) {
    const frame = frameOf(bytes, index);
    sent.push(Buffer.from(frame));
    await send(frame);
  }
  const bytes = Buffer.concat(sent);
  expect(outbox.unsentBytes).toBe(bytes.length);
  await readAll();
  expect(Buffer.concat(socket.read).equals(bytes)).toBe(true);
  expect([outbox.unsentBytes, drains > 0, isClosed]).toEqual([0, true, false]);
});

test("what is kept for a client that does not read is not much more than that", async () => {
  await send(frameOf(100_000, 1));
  const count = 2_000;
  for (let index = 0; index < count; index += 1) {
    outbox.send(frameOf(50, 1));
    outbox.flush();
    // What others are told meanwhile.
    frameOf(31_000, 2);
  }
  expect(outbox.unsentBytes).toBe(100_004 + count * 54);
  await readAll();
  const blocks = new Set(socket.read.slice(1).map(({ buffer }) => buffer));
  const keptBytes = [...blocks].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(keptBytes).toBeLessThan(count * 54 + 2 * keptBlockBytes);
});

test("a client that does not read at all loses its connection", async () => {
  const frame = Buffer.alloc(1024 * 1024);
  for (let bytes = 0; bytes <= unsentBytesMax - frame.length; bytes += frame.length) await send(frame);
  expect(isClosed).toBe(false);
  await send(frame);
  expect(isClosed).toBe(true);
});
