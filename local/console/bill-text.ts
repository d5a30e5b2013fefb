import type { PeerBill } from "../../shared/cost/peers.ts";
import type { Bill } from "../../shared/cost/predict.ts";
import { prices } from "../../shared/cost/price-list.ts";
import { formatTable } from "./table.ts";

/** A bill for people: a line for each thing that is billed, what they add up to, and what others would charge. */
export function billText(bill: Bill, peers: readonly PeerBill[]): string {
  const lines = bill.lines.map(({ service, price, quantity, dollars }) => [
    service,
    prices[price].what,
    `${formatQuantity(quantity)} × ${prices[price].per}`,
    formatDollars(dollars),
  ]);
  const totals = [
    ["a month", formatDollars(bill.dollars)],
    ["of it for what is stored", formatDollars(bill.storageDollars)],
    ["left when nobody calls", formatDollars(bill.idleDollars)],
    ...(bill.dollarsPerGibWritten === undefined
      ? []
      : [["for each GiB written and sealed", formatDollars(bill.dollarsPerGibWritten)]]),
  ];
  const others = peers.map(({ name, dollars, note }) => [name, formatDollars(dollars), note]);
  return [
    formatTable(["SERVICE", "WHAT", "QUANTITY", "A MONTH"], lines),
    formatTable(["STREAMKEEPER", ""], totals),
    formatTable(["OTHERS", "A MONTH", "WHAT IS IN IT"], others),
  ].join("\n");
}

/** `$1,234`, `$12.30`, `$0.0068`: as many digits as tell something. */
export function formatDollars(dollars: number): string {
  if (dollars >= 1_000) return `$${Math.round(dollars).toLocaleString("en-US")}`;
  if (dollars >= 0.1 || dollars === 0) return `$${dollars.toFixed(2)}`;
  return `$${dollars.toPrecision(2)}`;
}

function formatQuantity(quantity: number): string {
  if (quantity >= 1e9) return `${(quantity / 1e9).toFixed(1)} billion`;
  if (quantity >= 1e6) return `${(quantity / 1e6).toFixed(1)} million`;
  return quantity.toLocaleString("en-US", { maximumFractionDigits: quantity >= 100 ? 0 : 2 });
}
