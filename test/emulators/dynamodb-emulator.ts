/** Emulators of DynamoDB from npm, on 127.0.0.1. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const require = createRequire(import.meta.url);

export interface DynamoDbEmulator extends ServerProcess {
  readonly name: "dynoxide" | "dynalite";
  readonly endpoint: string;
}

export interface DynamoDbEmulatorOptions {
  readonly port?: number;
  /** Keeps the tables in this existing folder; in memory where none is given. */
  readonly folder?: string;
}

/** Dynoxide where its binary runs (Linux on x64), else dynalite. */
export async function startDynamoDb(options: DynamoDbEmulatorOptions = {}): Promise<DynamoDbEmulator> {
  return dynoxideProgram() === undefined ? await startDynalite(options) : await startDynoxide(options);
}

/** Right on conditional writes, ALL_OLD and TTL settings; what it answered survives kill -9. */
export async function startDynoxide(options: DynamoDbEmulatorOptions = {}): Promise<DynamoDbEmulator> {
  const program = dynoxideProgram();
  if (program === undefined) throw new Error("@dynoxide/linux-x64 is not installed here");
  const { folder, port } = options;
  const storage = folder === undefined ? [] : ["--db-path", join(folder, "dynoxide.sqlite")];
  const server = await startServerProcess({
    program,
    arguments: (at) => ["serve", "--host", "127.0.0.1", "--port", String(at), ...storage],
    port,
  });
  return { ...server, name: "dynoxide", endpoint: `http://127.0.0.1:${server.port}` };
}

/** Right on conditional writes; it has neither ALL_OLD on a failed condition, nor TTL, nor transactions. */
export async function startDynalite(options: DynamoDbEmulatorOptions = {}): Promise<DynamoDbEmulator> {
  const script = join(dirname(require.resolve("dynalite/package.json")), "cli.js");
  const { folder, port } = options;
  const storage = folder === undefined ? [] : ["--path", join(folder, "dynalite")];
  const server = await startServerProcess({
    program: process.execPath,
    arguments: (at) => [script, "--host", "127.0.0.1", "--port", String(at), "--createTableMs", "0", ...storage],
    port,
  });
  return { ...server, name: "dynalite", endpoint: `http://127.0.0.1:${server.port}` };
}

export function dynoxideProgram(): string | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  try {
    return join(dirname(require.resolve("@dynoxide/linux-x64/package.json")), "dynoxide");
  } catch (cause) {
    // An optional dependency: it is absent where npm found no build for the platform.
    if (cause instanceof Error && "code" in cause && cause.code === "MODULE_NOT_FOUND") return undefined;
    throw cause;
  }
}
