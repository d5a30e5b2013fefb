/** Bundles are kept for as long as none of the files that they were made of has changed: tests and `cdk synth` share them. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Text by name of function and of file. */
export type Bundles = ReadonlyMap<string, ReadonlyMap<string, string>>;

interface Manifest {
  readonly folder: string;
  /** SHA-256 by path of what went in. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Somebody may still be copying from a folder that is younger. */
const oldMs = 3_600_000;

export class BundleCache {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The folder of the bundles, or undefined if there are none or what went into them is no longer the same. */
  async find(): Promise<string | undefined> {
    const manifest = await this.#manifest();
    if (manifest === undefined || !existsSync(manifest.folder)) return undefined;
    const same = await Promise.all(
      Object.entries(manifest.inputs).map(async ([path, hash]) => (await hashOf(path)) === hash),
    );
    return same.every(Boolean) ? manifest.folder : undefined;
  }

  /** Keeps bundles that were made of `inputs`, and answers their folder: `<function>/<file>`. */
  async keep(bundles: Bundles, inputs: readonly string[]): Promise<string> {
    await mkdir(this.#root, { recursive: true });
    const made = await mkdtemp(join(this.#root, "making-"));
    for (const [name, files] of bundles) {
      await mkdir(join(made, name));
      await Promise.all([...files].map(([file, text]) => writeFile(join(made, name, file), text)));
    }
    const folder = join(
      this.#root,
      `made-${digest(JSON.stringify([...bundles].map(([name, files]) => [name, ...files])))}`,
    );
    // Another process may have made the same.
    if (existsSync(folder)) await rm(made, { recursive: true });
    else await rename(made, folder);
    const hashes = await Promise.all(inputs.map(async (path) => [path, (await hashOf(path)) ?? ""] as const));
    const manifest: Manifest = { folder, inputs: Object.fromEntries(hashes) };
    const written = `${this.#manifestPath}.${process.pid}`;
    await writeFile(written, JSON.stringify(manifest));
    await rename(written, this.#manifestPath);
    await this.#forgetOld(folder);
    return folder;
  }

  get #manifestPath(): string {
    return join(this.#root, "manifest.json");
  }

  async #manifest(): Promise<Manifest | undefined> {
    if (!existsSync(this.#manifestPath)) return undefined;
    return JSON.parse(await readFile(this.#manifestPath, "utf8")) as Manifest;
  }

  async #forgetOld(folder: string): Promise<void> {
    const before = Date.now() - oldMs;
    for (const name of await readdir(this.#root)) {
      const path = join(this.#root, name);
      if (path === folder || path === this.#manifestPath) continue;
      if ((await stat(path)).mtimeMs < before) await rm(path, { recursive: true, force: true });
    }
  }
}

async function hashOf(path: string): Promise<string | undefined> {
  return existsSync(path) ? digest(await readFile(path)) : undefined;
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 32);
}
