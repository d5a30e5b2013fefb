/**
 * A strict parser of Prometheus' text format 0.0.4, line by line as the document has its grammar: what it takes any scraper takes.
 *
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export interface Family {
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: Map<string, number>;
}

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const helpLine = new RegExp(`^# HELP (${name}) (.+)$`);
const typeLine = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram)$`);
const sampleLine = new RegExp(`^(${name})(?:\\{(.*)\\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$`);
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** Families by name; samples by their name and labels as they are written. @throws Error naming the line that is wrong */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, Family>();
  let current: (Family & { readonly name: string }) | undefined;
  let help: { readonly name: string; readonly text: string } | undefined;
  for (const line of text.slice(0, -1).split("\n")) {
    const [, helped, words] = helpLine.exec(line) ?? [];
    if (helped !== undefined) {
      help = { name: helped, text: words ?? "" };
      continue;
    }
    const [, typed, type] = typeLine.exec(line) ?? [];
    if (typed !== undefined) {
      if (help?.name !== typed || families.has(typed))
        throw new Error(`a family is torn apart, or has no help: ${line}`);
      current = { name: typed, type: type as Family["type"], help: help.text, samples: new Map() };
      families.set(typed, current);
      continue;
    }
    const [, sample = "", labels = "", value = ""] = sampleLine.exec(line) ?? [];
    const allowed = current?.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
    if (current === undefined || !allowed.some((suffix) => sample === `${current?.name}${suffix}`)) {
      throw new Error(`a sample stands in no family: ${line}`);
    }
    checkLabels(labels, line);
    const id = labels === "" ? sample : `${sample}{${labels}}`;
    if (current.samples.has(id) || Number.isNaN(Number(value))) throw new Error(`twice, or no number: ${line}`);
    current.samples.set(id, Number(value));
  }
  for (const [family, { type, samples }] of families) if (type === "histogram") checkHistogram(family, samples);
  return families;
}

function checkLabels(labels: string, line: string): void {
  const names = new Set<string>();
  for (let at = 0; at < labels.length; at = label.lastIndex) {
    label.lastIndex = at;
    const found = label.exec(labels);
    if (found === null || names.has(found[1] ?? "")) throw new Error(`labels are wrong: ${line}`);
    names.add(found[1] ?? "");
  }
}

/** Buckets only grow, the last is for all, and the count agrees. */
function checkHistogram(family: string, samples: ReadonlyMap<string, number>): void {
  const buckets = new Map<string, { le: string; value: number }[]>();
  for (const [id, value] of samples) {
    const [, rest = "", le = ""] = /^\w+_bucket\{(.*?),?le="([^"]+)"\}$/.exec(id) ?? [];
    if (le !== "") buckets.set(rest, [...(buckets.get(rest) ?? []), { le, value }]);
  }
  for (const [rest, list] of buckets) {
    const bounds = list.map(({ le }) => (le === "+Inf" ? Infinity : Number(le)));
    const sorted = bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? Infinity));
    const grows = list.every(({ value }, index) => index === 0 || value >= (list[index - 1]?.value ?? 0));
    const count = samples.get(`${family}_count${rest === "" ? "" : `{${rest}}`}`);
    if (!sorted || !grows || bounds.at(-1) !== Infinity || count !== list.at(-1)?.value) {
      throw new Error(`the histogram ${family}{${rest}} contradicts itself`);
    }
  }
}
