/** The program in Go, with the versions that go.mod names. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { contentOf, installed, outputOf, probe, type Program } from "../peer-program.ts";

const folder = import.meta.dirname;
const minorMin = 26;

/** @throws Error that says what is missing */
export function goProgram(): Program {
  const version = probe("go", ["version"]);
  const minor = Number(/go1\.(\d+)/.exec(version ?? "")?.[1]);
  if (!(minor >= minorMin)) throw new Error(`the test with franz-go needs Go 1.${minorMin} or later (the command go)`);
  const files = readdirSync(folder).filter((name) => /\.(?:go|mod|sum)$/.test(name));
  const sources = files.toSorted().map((name) => contentOf(folder, name));
  const target = installed("franz-go", [version ?? "", ...sources], (made) => {
    outputOf("go", ["build", "-mod=readonly", "-o", join(made, "peer"), "."], folder);
  });
  return { command: join(target, "peer"), args: [] };
}
