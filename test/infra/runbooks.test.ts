import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { repositoryFiles } from "../architecture/source-files.ts";
import { resourcesOf, synthesize } from "./synthesize.ts";

const folder = "docs/runbooks/";
const pages = repositoryFiles().filter((path) => path.startsWith(folder));
const chapters = ["What it means", "What is at risk", "How to look", "What to do", "When it is over"];

/** Pages that the alarms of a deployment name, each once. */
function named(): Set<string> {
  const template = synthesize({ consumerLagOffsetsMax: 1_000, consumerLagSecondsMax: 60 });
  return new Set(
    resourcesOf(template, "AWS::CloudWatch::Alarm").map(([id, { Properties }]) => {
      const [, page] = /Runbook: (docs\/runbooks\/[a-z-]+\.md)$/.exec(String(Properties["AlarmDescription"])) ?? [];
      if (page === undefined) throw new Error(`the alarm ${id} names no runbook`);
      return page;
    }),
  );
}

describe("runbooks", () => {
  test("are there for every alarm, and for nothing else", () => {
    expect([...named()].toSorted()).toEqual(pages.toSorted());
  });

  test.each(pages)("%s says what it means, what is at risk, how to look, what to do and when it is over", (page) => {
    const found = [...readFileSync(page, "utf8").matchAll(/^## (.+)$/gm)].map(([, title]) => title);
    expect(found).toEqual(chapters);
  });

  test.each(pages)("%s names only pages that are there", (page) => {
    const others = [...readFileSync(page, "utf8").matchAll(/`([a-z-]+\.md)`/g)].map(
      ([, name]) => folder + String(name),
    );
    expect(pages).toEqual(expect.arrayContaining(others));
  });
});
