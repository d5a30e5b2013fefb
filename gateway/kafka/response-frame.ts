import { FrameWriter } from "./protocol/frame-writer.ts";
import type { RequestHeader } from "./protocol/header.ts";

/** The pieces of an answer: its length, its header, and what `write` writes. */
export function frameOf(
  header: RequestHeader,
  hasTags: boolean,
  write: (writer: FrameWriter) => void,
): readonly Uint8Array[] {
  const writer = new FrameWriter();
  const { bytes: first } = writer;
  first.i32(0);
  first.i32(header.correlationId);
  if (hasTags) first.unsignedVarint(0);
  write(writer);
  const { pieces, byteLength } = writer.finish();
  const [head] = pieces;
  if (head !== undefined) new DataView(head.buffer, head.byteOffset).setInt32(0, byteLength - 4);
  return pieces;
}
