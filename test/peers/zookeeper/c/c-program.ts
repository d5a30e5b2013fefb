/** The program in C on ZooKeeper's own client library, with threads. */
import { existsSync, globSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { contentOf, installed, outputOf, probe, type Program } from "../../kafka/peer-program.ts";

const folder = import.meta.dirname;
const packages = ["libzookeeper-mt2", "libzookeeper-mt-dev"];
const header = "/usr/include/zookeeper/zookeeper.h";

/** @throws Error that says what is missing */
export function cProgram(): Program {
  const compiler = probe("gcc", ["--version"]);
  if (compiler === undefined) {
    throw new Error(
      "the test with ZooKeeper's client for C needs a C compiler (the command gcc, on Debian the package gcc)",
    );
  }
  const files = readdirSync(folder).filter((name) => /\.[ch]$/.test(name));
  const contents = files.toSorted().map((name) => contentOf(folder, name));
  const target = installed("zookeeper-c", [compiler, String(existsSync(header)), ...contents], (made) => {
    const sources = files.filter((name) => name.endsWith(".c"));
    const options = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-DTHREADED"];
    outputOf("gcc", [...options, ...sources, "-o", join(made, "peer"), ...library(made), "-lpthread", "-lm"], folder);
  });
  return { command: join(target, "peer"), args: [] };
}

/** What tells the compiler where the library is: the machine's own, or Debian's package, put into a folder. */
function library(folderOfPackages: string): readonly string[] {
  if (existsSync(header)) return ["-lzookeeper_mt"];
  if (probe("apt-get", ["--version"]) === undefined || probe("dpkg-deb", ["--version"]) === undefined) {
    throw new Error(
      "the test with ZooKeeper's client for C needs its library (on Debian the package libzookeeper-mt-dev)",
    );
  }
  const root = join(folderOfPackages, "packages");
  mkdirSync(root);
  outputOf("apt-get", ["download", "--quiet", ...packages], root);
  for (const file of readdirSync(root)) outputOf("dpkg-deb", ["-x", join(root, file), root]);
  return [`-I${join(root, "usr/include")}`, ...globSync(join(root, "usr/lib/*/libzookeeper_mt.a"))];
}
