import { describe, expect, test } from "vitest";
import { apiOperations } from "./routes/api.ts";
import { repositorySources } from "../architecture/source-files.ts";
import { routes } from "../../shared/api/routes.ts";
import { targets } from "./all-targets.ts";
import { notFuzzed } from "./not-fuzzed.ts";

/** How functions are called that take something apart or judge it. */
const readers = /^(?:parse|decode|read|split|unescape|decompress|validate|check|find\w+Problem$|compile)/;
/** `verify` judges histories that it wrote itself. */
const layers = /^(?:shared|functions|local|client|gateway)\//;

/** `<file>#<name>` of every exported function that reads. */
function exportedReaders(sources: ReadonlyMap<string, string>): string[] {
  return [...sources].flatMap(([file, text]) => {
    if (!layers.test(file)) return [];
    const names = [...text.matchAll(/^export (?:async )?function\*? (\w+)/gm)].map(([, name = ""]) => name);
    return names.filter((name) => readers.test(name)).map((name) => `${file}#${name}`);
  });
}

const covered = new Set(targets.flatMap(({ covers }) => covers));
const found = exportedReaders(repositorySources());

describe("the targets", () => {
  test("call every exported function that reads, but for those with a reason", () => {
    expect(found.filter((one) => !covered.has(one) && !notFuzzed.has(one))).toEqual([]);
  });

  test("and the reasons are of functions that are there and not called", () => {
    const names = new Set(found);
    expect([...notFuzzed.keys()].filter((one) => !names.has(one) || covered.has(one))).toEqual([]);
  });

  test("name files and functions that there are", () => {
    const sources = repositorySources();
    const wrong = [...covered].filter((one) => {
      const [file = "", name = ""] = one.split("#");
      return (
        !one.startsWith("route ") &&
        !new RegExp(`export (?:async )?(?:function\\*?|class) ${name}\\b`).test(sources.get(file) ?? "")
      );
    });
    expect(wrong).toEqual([]);
  });

  test("have names of their own", () => {
    expect(new Set(targets.map(({ name }) => name)).size).toBe(targets.length);
  });

  test("call every route", () => {
    expect([...apiOperations.keys()].toSorted()).toEqual(Object.keys(routes).toSorted());
    expect(Object.keys(routes).filter((id) => !covered.has(`route ${id}`))).toEqual([]);
  });

  test("would miss a reader that is new", () => {
    const planted = new Map([["shared/partition/new.ts", "export function decodeNew(bytes: Uint8Array): void {}\n"]]);
    expect(exportedReaders(planted)).toEqual(["shared/partition/new.ts#decodeNew"]);
  });
});
