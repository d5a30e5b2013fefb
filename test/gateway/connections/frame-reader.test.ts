import fc from "fast-check";
import { expect, test } from "vitest";
import { FrameError, FrameReader } from "../../../gateway/connections/frame-reader.ts";

const bytesMax = 1_000_000;

function framed(...bodies: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    bodies.flatMap((body) => {
      const head = Buffer.alloc(4);
      head.writeInt32BE(body.length);
      return [head, body];
    }),
  );
}

function taken(reader: FrameReader): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = reader.next(bytesMax); frame !== undefined; frame = reader.next(bytesMax)) frames.push(frame);
  return frames;
}

test("gives the same frames however they are cut into chunks", () => {
  const body = fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.constant(new Uint8Array(70_000).fill(7)));
  const sizes = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(body, { minLength: 1, maxLength: 8 }), sizes, fc.boolean(), (bodies, cuts, takesLate) => {
      const reader = new FrameReader();
      const bytes = framed(...bodies);
      const frames: Uint8Array[] = [];
      for (let at = 0, cut = 0; at < bytes.length; cut += 1) {
        const end = at + (cuts[cut % cuts.length] ?? 1);
        reader.push(bytes.subarray(at, end));
        if (!takesLate) frames.push(...taken(reader));
        at = end;
      }
      frames.push(...taken(reader));
      expect(Buffer.concat(frames).equals(Buffer.concat(bodies))).toBe(true);
      expect(frames.map(({ length }) => length)).toEqual(bodies.map(({ length }) => length));
      expect(reader.waitingBytes).toBe(0);
    }),
    { numRuns: 30 },
  );
});

test("gives frames that come byte by byte", () => {
  const reader = new FrameReader();
  const frames = [...framed(Buffer.from("one"), Buffer.from("two"))].flatMap((byte) => {
    reader.push(Uint8Array.of(byte));
    return taken(reader);
  });
  expect(frames.map((frame) => Buffer.from(frame).toString())).toEqual(["one", "two"]);
});

test("hundreds of thousands of pieces that wait are taken as soon as a few are", () => {
  const reader = new FrameReader();
  const frame = framed(new Uint8Array(300_000));
  for (let at = 0; at < frame.length; at += 1) reader.push(frame.subarray(at, at + 1));
  expect(taken(reader).map(({ length }) => length)).toEqual([300_000]);
  expect(reader.waitingBytes).toBe(0);
});

test("a frame inside a chunk is a view of it", () => {
  const reader = new FrameReader();
  const chunk = framed(Buffer.from("one"), Buffer.from("two"));
  reader.push(chunk);
  expect(taken(reader).map(({ buffer }) => buffer)).toEqual([chunk.buffer, chunk.buffer]);
});

test("holds little for a client that tells a length and sends nothing, and four times what it sends at most", () => {
  const reader = new FrameReader();
  const frame = framed(new Uint8Array(bytesMax));
  reader.push(frame.subarray(0, 4));
  expect(taken(reader)).toEqual([]);
  expect(reader.waitingBytes).toBeLessThanOrEqual(16 * 1024);
  for (let at = 4; at < frame.length; at += 10_000) {
    reader.push(frame.subarray(at, at + 10_000));
    const [whole] = taken(reader);
    if (whole === undefined) expect(reader.waitingBytes).toBeLessThanOrEqual(4 * (at + 10_000) + 16 * 1024);
    else expect(whole).toHaveLength(bytesMax);
  }
  expect(reader.waitingBytes).toBe(0);
});

test.each([0, -1, -2_147_483_648, bytesMax + 1, 2_147_483_647])("refuses a length of %i", (length) => {
  const head = Buffer.alloc(4);
  head.writeInt32BE(length);
  const reader = new FrameReader();
  reader.push(head);
  expect(() => reader.next(bytesMax)).toThrow(FrameError);
});
