/**
 * Which process owns a data folder. The claim is a record in LMDB, made in a write transaction, so of two processes that
 * both find a dead owner only one takes over; LMDB frees its own lock when a process is killed.
 */
import { readFileSync } from "node:fs";
import type { Database } from "lmdb";
import { codeOf } from "./disk-errors.ts";

/** Another process has the data folder open, or this one does already. */
export class DataFolderInUseError extends Error {
  override readonly name = "DataFolderInUseError";
  readonly dataFolder: string;
  readonly pid: number;

  constructor(dataFolder: string, pid: number) {
    super(`the data folder ${dataFolder} is in use by process ${pid}`);
    this.dataFolder = dataFolder;
    this.pid = pid;
  }
}

interface Owner {
  readonly pid: number;
  /** Tells the process from a later one with the same pid; empty where the system does not say. */
  readonly started: string;
}

const ownerKey = Buffer.from("owner");

/**
 * Makes this process the owner of the folder that `meta` lies in; durable when it returns.
 *
 * @throws DataFolderInUseError if the owner is alive
 */
export function claimFolder(meta: Database<Buffer, Uint8Array>, dataFolder: string): void {
  const claim: Owner = { pid: process.pid, started: startOf(process.pid) ?? "" };
  const other = meta.transactionSync((): Owner | undefined => {
    const owner = readOwner(meta);
    if (owner !== undefined && isAlive(owner)) return owner;
    meta.putSync(ownerKey, Buffer.from(`${claim.pid} ${claim.started}`));
    return undefined;
  });
  if (other !== undefined) throw new DataFolderInUseError(dataFolder, other.pid);
}

/** Ends this process's claim. */
export function releaseFolder(meta: Database<Buffer, Uint8Array>): void {
  meta.transactionSync(() => {
    if (readOwner(meta)?.pid === process.pid) meta.removeSync(ownerKey);
  });
}

/** A record that does not parse is no claim: the next owner writes it anew. */
function readOwner(meta: Database<Buffer, Uint8Array>): Owner | undefined {
  const fields = /^(\d+) (.*)$/.exec(meta.get(ownerKey)?.toString() ?? "");
  const [, pid, started] = fields ?? [];
  return pid === undefined || started === undefined ? undefined : { pid: Number(pid), started };
}

function isAlive(owner: Owner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (cause) {
    // Any other refusal, such as EPERM, comes from a process that is there.
    if (codeOf(cause) === "ESRCH") return false;
  }
  const started = startOf(owner.pid);
  return started === undefined || owner.started === "" || started === owner.started;
}

/**
 * When a process started, as Linux tells it: boot and clock ticks since. "dead" for one that has ended and was not yet
 * waited for; undefined where the system does not say.
 */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name stands in parentheses and may hold anything; state is the 3rd field, the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? "dead" : `${boot}:${fields[19]}`;
  } catch {
    return undefined;
  }
}
