/** A server that runs as a child process, on a port of 127.0.0.1. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createConnection } from "node:net";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../free-port.ts";

const startMsMax = 10_000;
const startProbeMs = 20;
const stopMsMax = 2_000;

export interface ServerProcess {
  readonly port: number;
  readonly pid: number;
  /** Ends the process with SIGTERM, or with SIGKILL if it does not go in time. */
  stop(): Promise<void>;
  /** Ends the process as a power cut does. */
  kill(): Promise<void>;
}

/**
 * Becomes the program, beside a shell that waits for a line on descriptor 3. The end of that pipe without a line means that
 * we are gone, however we went, and that nobody else will stop the program.
 */
const guardedProgram = '(if read -r line <&3; then exit; fi; kill -KILL $$) & exec "$@" 3<&-';

/** @throws Error if the program does not run, or does not listen in time */
export async function startServerProcess(options: {
  readonly program: string;
  readonly arguments: (port: number) => readonly string[];
  /** A free one is taken where none is given. */
  readonly port?: number;
}): Promise<ServerProcess> {
  const port = options.port ?? (await freePort());
  const command = [options.program, ...options.arguments(port)];
  const child = spawn("sh", ["-c", guardedProgram, "guard", ...command], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
  });
  let complaint = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(-2_000);
  });
  child.on("error", (cause) => {
    complaint += String(cause);
  });
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await endChild(child, signal);
    const guard = child.stdio[3];
    if (guard instanceof Writable) guard.end("\n");
  };
  if (!(await listensInTime(child, port))) {
    await end("SIGKILL");
    throw new Error(`${options.program} does not listen on port ${port}: ${complaint.trim()}`);
  }
  return { port, pid: child.pid ?? 0, stop: async () => await end("SIGTERM"), kill: async () => await end("SIGKILL") };
}

/** A port that was free a moment ago. */

async function listensInTime(child: ChildProcess, port: number): Promise<boolean> {
  const triesMax = startMsMax / startProbeMs;
  for (let tries = 0; tries < triesMax; tries += 1) {
    if (hasEnded(child)) return false;
    if (await listens(port)) return !hasEnded(child);
    await sleep(startProbeMs);
  }
  return false;
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, "exit");
  child.kill(signal);
  const impatience = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
  await ended;
  clearTimeout(impatience);
}
