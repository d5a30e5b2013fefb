/** The test could not be run on this machine: something is missing, and the message says what. */
export class SetupError extends Error {
  override readonly name = "SetupError";
}
