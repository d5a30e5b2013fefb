/** Bytes from outside that do not follow the format they are read as: truncated, out of range, or not UTF-8. */
export class MalformedBytesError extends Error {
  override readonly name = "MalformedBytesError";
}
