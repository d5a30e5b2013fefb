import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { CommandError } from "../command-error.ts";

/** One flight of the data set: minutes of delay, miles, hours of the day. */
export interface Flight {
  readonly delay: number;
  readonly distance: number;
  readonly time: number;
}

export const flightsFile = "flights-200k.json";

/**
 * The flights of `vega-datasets` (US flights of 2001, from the Bureau of Transportation Statistics), in their order.
 *
 * @throws CommandError where the package is not installed, or is not what it was
 */
export async function readFlights(): Promise<readonly Flight[]> {
  let text: string;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("vega-datasets"));
    text = await readFile(join(folder, "..", "data", flightsFile), "utf8");
  } catch (cause) {
    throw new CommandError("the demo needs the package vega-datasets: run npm ci", { cause });
  }
  const flights: unknown = JSON.parse(text);
  if (!Array.isArray(flights) || !flights.every(isFlight)) {
    throw new CommandError(`${flightsFile} does not hold what the demo expects`);
  }
  return flights;
}

/** Flights of one distance share a key: the data set names neither flight nor airport, and a distance stands for a route. */
export function keyOf(flight: Flight): string {
  return `${flight.distance} miles`;
}

function isFlight(value: unknown): value is Flight {
  return (
    typeof value === "object" &&
    value !== null &&
    "delay" in value &&
    typeof value.delay === "number" &&
    "distance" in value &&
    typeof value.distance === "number" &&
    "time" in value &&
    typeof value.time === "number"
  );
}
