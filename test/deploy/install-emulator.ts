/** Brings the emulator onto this machine: a virtual environment of Python in npm's cache folder, made once per version. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { repositoryRoot } from "../../infra/bundle.ts";
import { ProgramFailure, runProgram } from "./run-program.ts";
import { SetupError } from "./setup-error.ts";

const requirementsFile = join(import.meta.dirname, "requirements.txt");

export interface InstallOptions {
  readonly logFile: string;
  readonly signal: AbortSignal;
  readonly print: (line: string) => void;
}

/**
 * Answers the Python that has the emulator.
 *
 * @throws SetupError if Python or openssl is missing, or the packages cannot be fetched
 */
export async function installEmulator({ logFile, signal, print }: InstallOptions): Promise<string> {
  const run = (program: string, args: readonly string[]): Promise<string> =>
    runProgram({ program, args, env: process.env, cwd: repositoryRoot, logFile, signal });
  const need = async (work: Promise<unknown>, missing: string): Promise<void> => {
    try {
      await work;
    } catch (cause) {
      if (signal.aborted) throw cause;
      throw new SetupError(`${missing}\n${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  };
  await need(run("openssl", ["version"]), "openssl is missing: the emulator makes its certificate with it");
  const requirements = await readFile(requirementsFile, "utf8");
  const name = `ministack-${createHash("sha256").update(requirements).digest("hex").slice(0, 12)}`;
  const folder = join(repositoryRoot, "node_modules", ".cache", "streamkeeper", name);
  const python = join(folder, "bin", "python");
  if (existsSync(python)) return python;

  const version = "import sys; sys.exit(0 if sys.version_info >= (3, 10) else 1)";
  await need(run("python3", ["-c", version]), "python3 is missing, or older than 3.10: the emulator is written in it");
  print("installing the emulator (once)");
  // Under another name until it is whole: a run that was stopped leaves nothing that looks installed.
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(join(folder, ".."), { recursive: true });
  try {
    await need(
      run("python3", ["-m", "venv", unfinished]),
      "python3 has no venv module (on Debian and Ubuntu: apt-get install python3-venv)",
    );
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirementsFile];
    await need(run(join(unfinished, "bin", "python"), pip), "the emulator's packages could not be fetched from PyPI");
    await rename(unfinished, folder).catch((error: unknown) => {
      // Another run was faster.
      if (!existsSync(python)) throw error;
    });
  } catch (error) {
    if (error instanceof ProgramFailure) throw new SetupError(error.message, { cause: error });
    throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return python;
}
