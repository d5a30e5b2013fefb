/** The sources once more, as the next release would have them: with a change that can be seen from outside. */
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "../../infra/bundle.ts";

/** What the app of the CDK is made of. */
const parts = ["cdk.json", "package.json", "tsconfig.json", "functions", "infra", "shared"];

const changedFile = "functions/http/answer.ts";
const before = "[requestIdHeader]: requestId }";
/** Every answer of the next release has it. */
export const releaseHeader = "x-release";
const after = `[requestIdHeader]: requestId, "${releaseHeader}": "next" }`;

/** Writes them to a new folder. @throws Error if what is to be changed is no longer there */
export async function writeChangedSources(folder: string): Promise<void> {
  await mkdir(folder);
  for (const part of parts) await cp(join(repositoryRoot, part), join(folder, part), { recursive: true });
  await symlink(join(repositoryRoot, "node_modules"), join(folder, "node_modules"));
  const file = join(folder, changedFile);
  const source = await readFile(file, "utf8");
  if (source.split(before).length !== 2) throw new Error(`${changedFile} has no place, or several, for the change`);
  await writeFile(file, source.replace(before, after));
}
