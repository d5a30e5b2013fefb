import { CommandError } from "../command-error.ts";

/** Longest piece between two delimiters: more than any record can hold. */
const pieceBytesMax = 16 * 1024 * 1024;

/**
 * Cuts a stream of bytes at each delimiter; what follows the last one counts as well, unless it is empty.
 *
 * @throws CommandError for a piece of more than 16 MiB
 */
export async function* splitInput(
  chunks: AsyncIterable<Uint8Array>,
  delimiter: Uint8Array,
): AsyncGenerator<Buffer[], void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : joined(rest, chunk);
    // What was searched before holds no delimiter, but may end with the beginning of one.
    let searchFrom = Math.max(0, rest.length - delimiter.length + 1);
    const pieces: Buffer[] = [];
    let start = 0;
    for (let at = bytes.indexOf(delimiter, searchFrom); at !== -1; at = bytes.indexOf(delimiter, searchFrom)) {
      pieces.push(bytes.subarray(start, at));
      start = at + delimiter.length;
      searchFrom = start;
    }
    rest = bytes.subarray(start);
    if (rest.length > pieceBytesMax) throw new CommandError(`no delimiter within ${pieceBytesMax} bytes of input`);
    if (pieces.length > 0) yield pieces;
  }
  if (rest.length > 0) yield [rest];
}

function joined(rest: Buffer, chunk: Uint8Array): Buffer {
  return Buffer.concat([rest, chunk]);
}
