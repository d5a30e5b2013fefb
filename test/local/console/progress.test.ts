import { describe, expect, test } from "vitest";
import { Progress } from "../../../local/console/progress.ts";

describe("progress", () => {
  function stream(isTTY: boolean) {
    const written: string[] = [];
    const fake = { isTTY, write: (text: string) => written.push(text) > 0 };
    return { written, stream: fake as unknown as NodeJS.WriteStream };
  }

  test("draws a bar over itself on a terminal, and leaves its last line", () => {
    const terminal = stream(true);
    const progress = new Progress("rows", terminal.stream, { total: 200, atOnce: true });
    progress.add(50, 1_000);
    progress.add(1, 1);
    progress.finish("done");
    expect(terminal.written[0]).toContain("██████░░░░░░░░░░░░░░░░░░  25%  50 of 200");
    expect(terminal.written.slice(-2)).toEqual(["\r\u001B[K", "done\n"]);
  });

  test("writes nothing but its last line elsewhere", () => {
    const file = stream(false);
    const progress = new Progress("rows", file.stream, { total: 2, atOnce: true });
    progress.add(1, 1);
    progress.finish("done");
    expect(file.written).toEqual(["done\n"]);
  });

  test("says nothing of what is done at once", () => {
    const terminal = stream(true);
    const progress = new Progress("rows", terminal.stream);
    progress.add(1, 1);
    progress.finish();
    expect(terminal.written).toEqual([]);
  });
});
