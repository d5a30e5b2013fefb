/** One array of all the bytes of others; where there is only one, that. @param lengthBytes of all of them */
export function joinBytes(chunks: readonly Uint8Array[], lengthBytes: number): Uint8Array {
  const [only] = chunks;
  if (only !== undefined && chunks.length === 1) return only;
  const bytes = new Uint8Array(lengthBytes);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
