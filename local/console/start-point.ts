import { GetOffsetCommand } from "../../client/index.ts";
import type { CommandSender } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";

/** Where `-o` says to begin. */
export type StartPoint =
  | { readonly at: "earliest" | "latest" }
  | { readonly at: "offset"; readonly offset: number }
  /** So many records before the end. */
  | { readonly at: "beforeEnd"; readonly records: number }
  | { readonly at: "timestamp"; readonly timestamp: number };

/** Reads `beginning`, `end`, an offset, `-N` or `s@<ms>`, as kcat has them. @throws CommandError for anything else */
export function parseStartPoint(text: string): StartPoint {
  if (text === "beginning" || text === "earliest") return { at: "earliest" };
  if (text === "end" || text === "latest") return { at: "latest" };
  const match = /^(s@|-)?(\d{1,16})$/.exec(text);
  const value = Number(match?.[2] ?? Number.NaN);
  if (!Number.isSafeInteger(value)) {
    throw new CommandError(
      `unknown offset "${text}": give beginning, end, a number, -N for the last N, or s@<ms since 1970>`,
    );
  }
  if (match?.[1] === "s@") return { at: "timestamp", timestamp: value };
  if (match?.[1] === "-") return { at: "beforeEnd", records: value };
  return { at: "offset", offset: value };
}

/** The start of a partition as a reader takes it. */
export async function resolveStartPoint(
  client: CommandSender,
  start: StartPoint,
  place: { readonly topic: string; readonly partition: number },
  abortSignal: AbortSignal,
): Promise<number | "earliest" | "latest" | { readonly timestamp: number }> {
  switch (start.at) {
    case "earliest":
    case "latest":
      return start.at;
    case "offset":
      return start.offset;
    case "timestamp":
      return { timestamp: start.timestamp };
    case "beforeEnd": {
      const [earliest, latest] = await Promise.all(
        (["earliest", "latest"] as const).map((at) =>
          client.send(new GetOffsetCommand({ ...place, at }), { abortSignal }),
        ),
      );
      return Math.max(earliest?.offset ?? 0, (latest?.offset ?? 0) - start.records);
    }
  }
}
