import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { definitionOf, type MetricName, metricCatalogue } from "../../../shared/metrics/catalogue.ts";
import { dimensionNames } from "../../../shared/metrics/emf.ts";
import { prometheusNames } from "../../../shared/metrics/prometheus-names.ts";

/** As `docs/metrics.md` writes a metric's dimensions. */
function dimensionsOf(name: MetricName): string {
  return definitionOf(name)
    .dimensions.map(({ from, labels }) => {
      const names = labels.map((label) => dimensionNames[label]).join(", ");
      return `${from === "DEFAULT" ? "" : `${from}: `}${names === "" ? "all" : names}`;
    })
    .join("; ");
}

test("docs/metrics.md has every metric, with its unit, its dimensions and its name for Prometheus", () => {
  const rows = readFileSync("docs/metrics.md", "utf8")
    .split("\n")
    .filter((line) => /^\| `\w+` \| [A-Z]/.test(line))
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .map(([, name, unit, dimensions, prometheus]) => [name, unit, dimensions, prometheus]);
  const names = Object.keys(metricCatalogue) as MetricName[];
  expect(rows).toEqual(
    names.map((name) => [
      `\`${name}\``,
      definitionOf(name).unit,
      dimensionsOf(name),
      `\`${prometheusNames[name].name}\``,
    ]),
  );
});

test("every label has a dimension's name, and no two metrics share a name", () => {
  for (const { dimensions } of Object.values(metricCatalogue)) {
    for (const label of dimensions.flatMap(({ labels }) => [...labels])) expect(dimensionNames).toHaveProperty(label);
  }
  const names = Object.values(prometheusNames).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
