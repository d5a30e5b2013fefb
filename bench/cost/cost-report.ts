import { formatDollars } from "../../local/console/bill-text.ts";
import { formatTable } from "../../local/console/table.ts";
import { describeLoad } from "../../shared/cost/load.ts";
import { assumptions, predictBill } from "../../shared/cost/predict.ts";
import { priceListDate, priceListRegion } from "../../shared/cost/price-list.ts";
import type { MeteredCost } from "./cost-bench.ts";

/** What functions add to a GiB that is written and sealed, which no emulator can tell. */
export interface FunctionCost {
  readonly batchBytes: number;
  readonly dollarsPerGibByUrl: number;
  readonly dollarsPerGibByHttpApi: number;
}

export interface CostReport {
  readonly priceListDate: string;
  readonly priceListRegion: string;
  readonly metered: readonly (MeteredCost & { readonly ratio?: number })[];
  /** All of it predicted, functions with the time that is assumed. */
  readonly withFunctions: readonly FunctionCost[];
  readonly assumptions: typeof assumptions;
}

export function costReport(costs: readonly MeteredCost[]): CostReport {
  const metered = costs.map((cost) => ({ ...cost, ...ratioOf(cost) }));
  const withFunctions = [1_100, 65_536, 1_048_576].map((batchBytes) => {
    const dollarsPerGib = (functionUrls: boolean): number =>
      predictBill(describeLoad({ writeMibPerSecond: 1, batchBytes, functionUrls })).dollarsPerGibWritten ?? 0;
    return { batchBytes, dollarsPerGibByUrl: dollarsPerGib(true), dollarsPerGibByHttpApi: dollarsPerGib(false) };
  });
  return { priceListDate, priceListRegion, metered, withFunctions, assumptions };
}

export function costTable({ metered, withFunctions }: CostReport): string {
  const rows = metered.map(({ what, unit, meteredDollars, predictedDollars, ratio }) => [
    what,
    unit,
    formatDollars(meteredDollars),
    formatDollars(predictedDollars),
    ratio === undefined ? "" : ratio.toFixed(2),
  ]);
  const functions = withFunctions.map(({ batchBytes, dollarsPerGibByUrl, dollarsPerGibByHttpApi }) => [
    `${batchBytes} B`,
    formatDollars(dollarsPerGibByUrl),
    formatDollars(dollarsPerGibByHttpApi),
  ]);
  return [
    formatTable(["STORES ALONE", "", "METERED", "PREDICTED", "PREDICTED/METERED"], rows),
    formatTable(["WRITTEN AND SEALED, PER GIB, FUNCTIONS INCLUDED", "FUNCTION URL", "HTTP API"], functions),
    "The time of functions is assumed, not measured: streamkeeper cost --json shows by what.\n",
  ].join("\n");
}

function ratioOf({ meteredDollars, predictedDollars }: MeteredCost): { readonly ratio?: number } {
  return meteredDollars === 0 ? {} : { ratio: predictedDollars / meteredDollars };
}
