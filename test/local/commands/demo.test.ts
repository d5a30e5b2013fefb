import { expect, test } from "vitest";
import { ListTopicsCommand } from "../../../client/index.ts";
import { registerDemo } from "../../../local/commands/demo.ts";
import { CommandBed } from "./command-bed.ts";

test("the demo streams rows of the data set, reads them back, and says that all is well", async () => {
  await using bed = await CommandBed.start();
  const { stdout, stderr } = await bed.run(registerDemo, ["demo", "--rows", "5000", "--partitions", "4"]);
  expect(stderr).toBe("");
  expect(stdout).toMatch(/^streaming 5,000 rows of flights-200k\.json, keyed by distance, through http/);
  expect(stdout).toMatch(/\nproduced {2}5,000 rows, \d+ keys, to 4 partitions in .* s: [\d,]+ rows\/s, .*B\/s\n/);
  expect(stdout).toMatch(/\nconsumed {2}5,000 rows, \d+ keys in .* s: [\d,]+ rows\/s, .*B\/s\n/);
  expect(stdout).toMatch(/\nchecked {3}each row once, unchanged, in order per key\n$/);
  expect((await bed.client.send(new ListTopicsCommand())).topics).toEqual([]);
});
