/** Where `streamkeeper groups reset` is to move offsets, in the words of Kafka's `kafka-consumer-groups`. */
import type { ResetPoint } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";

export interface ResetPointOptions {
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toOffset?: string;
  readonly toDatetime?: string;
  readonly toTimestamp?: string;
  readonly shiftBy?: string;
}

/** A zone, such as `Z` or `+01:00`, behind a time of day. */
const zonePattern = /T.*(?:Z|[+-]\d\d:?\d\d)$/;

/** More than any time takes, and little enough for the pattern. */
const timeCharsMax = 64;

/** @throws CommandError unless exactly one point is given, and can be understood */
export function parseResetPoint(options: ResetPointOptions): ResetPoint {
  const { toEarliest, toLatest, toOffset, toDatetime, toTimestamp, shiftBy } = options;
  const points: ResetPoint[] = [];
  if (toEarliest === true) points.push({ to: "earliest" });
  if (toLatest === true) points.push({ to: "latest" });
  if (toOffset !== undefined) points.push({ to: "offset", offset: whole(toOffset, "--to-offset", /^\d{1,15}$/) });
  if (toDatetime !== undefined) points.push({ to: "timestamp", timestampMs: timeOf(toDatetime) });
  if (toTimestamp !== undefined) {
    points.push({ to: "timestamp", timestampMs: whole(toTimestamp, "--to-timestamp", /^\d{1,15}$/) });
  }
  if (shiftBy !== undefined) points.push({ to: "shift", by: whole(shiftBy, "--shift-by", /^[+-]?\d{1,15}$/) });
  const [point, ...others] = points;
  if (point !== undefined && others.length === 0) return point;
  throw new CommandError(
    "say where to: exactly one of --to-earliest, --to-latest, --to-offset, --to-datetime, --to-timestamp and --shift-by",
  );
}

/** Reads `orders` or `orders:0,2`. @throws CommandError if it is neither */
export function parseTopicChoice(text: string): { readonly topic: string; readonly partitions?: readonly number[] } {
  const match = /^([^:]+)(?::(\d{1,9}(?:,\d{1,9})*))?$/.exec(text);
  const topic = match?.[1];
  if (topic === undefined) throw new CommandError(`--topic must be such as orders or orders:0,2: ${text}`);
  const partitions = match?.[2];
  return partitions === undefined ? { topic } : { topic, partitions: partitions.split(",").map(Number) };
}

function whole(text: string, option: string, pattern: RegExp): number {
  if (!pattern.test(text)) throw new CommandError(`${option} must be a whole number: ${text}`);
  return Number(text);
}

function timeOf(text: string): number {
  const isTime = text.length <= timeCharsMax && text.includes("T");
  const timestampMs = isTime ? Date.parse(zonePattern.test(text) ? text : `${text}Z`) : Number.NaN;
  if (!Number.isNaN(timestampMs) && timestampMs >= 0) return timestampMs;
  throw new CommandError(`--to-datetime must be such as 2026-01-31T12:00:00.000: ${text}`);
}
