/** The emulator of AWS as a child process on 127.0.0.1: over TLS, and checking signatures and policies. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { dirname, join } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { endGroup } from "./run-program.ts";
import { SetupError } from "./setup-error.ts";
import { freePort } from "../free-port.ts";

const program = join(import.meta.dirname, "run_emulator.py");

const startMsMax = 60_000;
const probeMs = 100;
const stopMsMax = 5_000;

export const emulatedRegion = "us-east-1";
export const emulatedAccount = "000000000000";
/** The emulator's administrator: may do everything, and is not asked for a true signature. */
export const administrator = { accessKeyId: "test", secretAccessKey: "test" } as const;

export interface Emulator extends AsyncDisposable {
  readonly port: number;
  /** `https://127.0.0.1:<port>`: every service of AWS. */
  readonly url: string;
  readonly pid: number;
  /** Who may be trusted; self-signed. */
  readonly certificateFile: string;
  readonly logFile: string;
  /** Leaves it running when we go. */
  abandon(): void;
}

/**
 * Becomes the program, beside a shell that waits for a line on descriptor 3. The end of that pipe without a line means that
 * we are gone, however we went: then the whole group goes, the emulator and the functions that it runs.
 */
const guardedProgram = '(if read -r line <&3; then exit; fi; kill -s KILL -- -$$) & exec "$@" 3<&-';

/** Starts it in a folder, where everything that it keeps goes. @throws SetupError if it does not come up in time */
export async function startEmulator(python: string, folder: string): Promise<Emulator> {
  const port = await freePort();
  const temporary = join(folder, "tmp");
  await mkdir(temporary, { recursive: true });
  const logFile = join(folder, "emulator.log");
  const log = openSync(logFile, "a");
  const certificateFile = join(temporary, "ministack-tls", "server.crt");
  const child = spawn("sh", ["-c", guardedProgram, "guard", python, program], {
    cwd: folder,
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    env: {
      // The functions run on the Node that runs us.
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: temporary,
      TMPDIR: temporary,
      STATE_DIR: join(folder, "state"),
      S3_DATA_DIR: join(folder, "s3"),
      BIND_HOST: "127.0.0.1",
      GATEWAY_PORT: String(port),
      AUTH: "true",
      USE_SSL: "1",
      // For the functions: what they ask of AWS they ask over TLS too.
      NODE_EXTRA_CA_CERTS: certificateFile,
    },
  });
  const emulator: Emulator = {
    port,
    url: `https://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    certificateFile,
    logFile,
    abandon: () => {
      releaseGuard(child);
      child.unref();
    },
    [Symbol.asyncDispose]: () => stop(child),
  };
  if (!(await isReadyInTime(child, emulator))) {
    await stop(child);
    throw new SetupError(`the emulator does not come up:\n${await endOf(logFile)}`);
  }
  return emulator;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  endGroup(child.pid, "SIGTERM");
  if (!hasEnded(child)) await Promise.race([ended, sleep(stopMsMax, undefined, { ref: false })]);
  // The functions do not always hear of it.
  endGroup(child.pid, "SIGKILL");
  releaseGuard(child);
}

function releaseGuard(child: ChildProcess): void {
  const guard = child.stdio[3];
  if (!(guard instanceof Writable)) return;
  guard.on("error", () => {});
  guard.end("\n");
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function isReadyInTime(child: ChildProcess, { port }: Emulator): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < startMsMax; waitedMs += probeMs) {
    if (hasEnded(child)) return false;
    if (await isReady(port)) return true;
    await sleep(probeMs);
  }
  return false;
}

function isReady(port: number): Promise<boolean> {
  const agent = new Agent({ rejectUnauthorized: false });
  return new Promise((resolve) => {
    const probe = request({ host: "127.0.0.1", port, path: "/_ministack/ready", agent }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    probe.on("error", () => resolve(false)).end();
  });
}

/** A port that was free a moment ago. */

async function endOf(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trim().slice(-3_000);
}
