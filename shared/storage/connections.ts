/** The way to those who are connected for hints. A message may be lost: it only shortens a wait. */
export interface Connections {
  /**
   * Sends a message, as text, to one connection.
   *
   * @returns `gone` when there is no such connection any more
   * @throws StorageTimeoutError | StorageThrottledError | StorageUnavailableError
   */
  post(connectionId: string, message: string): Promise<"posted" | "gone">;
}
