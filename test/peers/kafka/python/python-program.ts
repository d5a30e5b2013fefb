/** The programs in Python, with the versions of their clients that requirements-*.txt names. */
import { basename, join } from "node:path";
import { contentOf, installed, outputOf, probe, type Program } from "../peer-program.ts";

const folder = import.meta.dirname;
/** The last Python that both old clients run on. */
const oldPythons = ["python3.11", "python3.10", "python3.9", "python3.8", "python3"];

/** @throws Error that says what is missing */
export function pythonProgram(module: string, requirements: "current" | "old"): Program {
  const python = requirements === "old" ? oldPython() : currentPython();
  const file = join(folder, `requirements-${requirements}.txt`);
  return programIn(folder, module, python, file);
}

/** A module in `cwd`, run by a Python that has what a file with hashes requires. */
export function programIn(cwd: string, module: string, python: string, requirementsFile: string): Program {
  const name = basename(requirementsFile, ".txt").replace("requirements", "python");
  const environment = installed(name, [python, contentOf(requirementsFile)], (target) => {
    outputOf(python, ["-m", "venv", "--clear", target]);
    const install = ["-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", requirementsFile];
    outputOf(join(target, "bin", "python"), install);
  });
  return {
    command: join(environment, "bin", "python"),
    args: ["-m", module],
    cwd,
    env: { PYTHONDONTWRITEBYTECODE: "1", PYTHONUNBUFFERED: "1" },
  };
}

/** @throws Error that says what is missing */
export function currentPython(): string {
  const minor = minorOf("python3");
  if (minor === undefined || minor < 9) {
    throw new Error("the tests with clients for Python need Python 3.9 or later (the command python3)");
  }
  requireVenv("python3");
  return "python3";
}

function oldPython(): string {
  const found = oldPythons.find((command) => {
    const minor = minorOf(command);
    return minor !== undefined && minor >= 8 && minor <= 11;
  });
  if (found === undefined) {
    throw new Error(
      "kafka-python 2.0.2 and confluent-kafka 2.0.2 run on Python 3.8 to 3.11: install one, as python3.11 for example",
    );
  }
  requireVenv(found);
  return found;
}

function minorOf(command: string): number | undefined {
  const version = /Python 3\.(\d+)/.exec(probe(command, ["--version"]) ?? "")?.[1];
  return version === undefined ? undefined : Number(version);
}

function requireVenv(command: string): void {
  if (probe(command, ["-c", "import venv, ensurepip"]) !== undefined) return;
  throw new Error(`${command} has no venv or no pip: install them (on Debian the package python3-venv)`);
}
