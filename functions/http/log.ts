/** One line of JSON per event worth reading, to standard error. Requests that succeed leave none. */

export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;
/** `timestamp` and `level` are the names by which Lambda tells the level of a line. */
export type Log = (level: "INFO" | "WARN" | "ERROR", event: string, fields: LogFields) => void;

/** Causes of one error that are written; deeper ones are left out. */
const causesMax = 5;

export const writeLog: Log = (level, event, fields) => {
  process.stderr.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, event, ...fields })}\n`);
};

/** An error with its causes, for a log and never for a caller. */
export function describeError(error: unknown): string {
  const lines: string[] = [];
  let current: unknown = error;
  for (let depth = 0; depth < causesMax && current !== undefined; depth++) {
    lines.push(current instanceof Error ? (current.stack ?? current.message) : JSON.stringify(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return lines.join("\ncaused by: ");
}
