import { expect, test } from "vitest";
import { formatTable } from "../../../local/console/table.ts";

test("a table puts text left and numbers right", () => {
  const rows = [
    ["a", 5],
    ["longer", 1_234],
  ];
  expect(formatTable(["NAME", "COUNT"], rows)).toBe("NAME    COUNT\na           5\nlonger   1234\n");
  expect(formatTable(["NAME"], [])).toBe("NAME\n");
});
