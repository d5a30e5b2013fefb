/** The program on the npm package zookeeper, which binds the C client to Node and is compiled where it is installed. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { buildSync } from "esbuild";
import { contentOf, installed, type Program } from "../../kafka/peer-program.ts";

const folder = import.meta.dirname;
const sources = ["main.ts", "client.ts", "package.json", "package-lock.json"];
const compileMsMax = 10 * 60_000;

/** @throws Error that says what is missing */
export function npmProgram(): Program {
  const nodes = nodesOnPath();
  const contents = [...nodes, ...sources.map((name) => contentOf(folder, name))];
  const target = installed("zookeeper-npm", contents, (made) => {
    for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(folder, name), join(made, name));
    const outfile = join(made, "main.js");
    buildSync({ entryPoints: [join(folder, "main.ts")], bundle: true, platform: "node", format: "esm", outfile });
    const attempts = nodes.map((node) => compile(made, node));
    if (!attempts.includes(undefined)) throw new Error(missing(attempts));
  });
  const node = nodes.find((each) => loads(target, each));
  if (node === undefined) throw new Error(missing([`it loads into none of ${nodes.join(", ")} any more`]));
  // What the package itself writes is not part of the report.
  return { command: "sh", args: ["-c", '"$0" "$@" 3>&1 >&2', node, join(target, "main.js")] };
}

/** Its own Node first; another one may be the one whose headers are on this machine. */
function nodesOnPath(): readonly string[] {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((path) => path !== "");
  const found = folders.map((path) => join(path, "node")).filter((path) => existsSync(path));
  return [...new Set([process.execPath, ...found].map((path) => realpathSync(path)))];
}

/** Unless one before it loads already. @returns why it cannot be had; undefined where it can */
function compile(target: string, node: string): string | undefined {
  if (loads(target, node)) return undefined;
  const { status, stdout, stderr, error } = spawnSync("npm", ["ci", "--foreground-scripts"], {
    cwd: target,
    encoding: "utf8",
    timeout: compileMsMax,
    // Whoever runs npm is whom it is compiled for.
    env: { ...process.env, PATH: [dirname(node), process.env["PATH"]].join(delimiter) },
  });
  if (status !== 0) return `for ${node}: ${String(error ?? "")}${stdout}${stderr}`.slice(-2_000);
  return loads(target, node) ? undefined : `for ${node}: what was compiled is for another version of Node`;
}

function loads(target: string, node: string): boolean {
  return spawnSync(node, ["--eval", "require('zookeeper')"], { cwd: target }).status === 0;
}

function missing(reasons: readonly (string | undefined)[]): string {
  const needs =
    "a C++ compiler, make and Python (on Debian the packages build-essential and python3), and Node's headers";
  return `the npm package zookeeper is compiled where it is installed and needs ${needs}:\n${reasons.join("\n")}`;
}
