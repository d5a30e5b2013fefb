#!/usr/bin/env node
/// <reference types="node" />
// Plain JavaScript, so that an older Node can read it: the rest is TypeScript, which Node runs by itself from 24 on. Where
// an older one is on the path, this starts the one that came with the packages.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module, { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const majorMin = 24;
const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"];
/** Tells the process that is started here who has started it. */
const starterVariable = "STREAMKEEPER_STARTER_PID";

function packagedNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve("node/package.json"));
    return ["node", "node.exe"].map((name) => join(folder, "bin", name)).find((path) => existsSync(path));
  } catch (error) {
    if (error.code === "MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** A starter that is killed passes nothing on: what it started must not go on serving, or own partitions, unseen. */
function dieWithStarter() {
  const isStarted = process.env[starterVariable] === String(process.ppid);
  delete process.env[starterVariable];
  if (!isStarted || process.channel === undefined) return;
  process.once("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel.unref();
}

if (Number.parseInt(process.versions.node, 10) >= majorMin) {
  dieWithStarter();
  // Compiling takes more than half of a start. Where the folder cannot be written, Node goes without it.
  module.enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/streamkeeper", import.meta.url)));
  await import("../main.ts");
} else {
  const node = packagedNode();
  if (node === undefined) {
    process.stderr.write(
      `streamkeeper: needs Node ${majorMin}, this is ${process.version}; npm ci brings one, in node_modules/node\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, process.argv.slice(1), {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, [starterVariable]: String(process.pid) },
  });
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    process.stderr.write(`streamkeeper: cannot start ${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of forwarded) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
}
