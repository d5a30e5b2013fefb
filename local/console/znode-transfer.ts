/**
 * Znodes as lines of JSON, parents first, to be kept or brought elsewhere:
 *
 *     {"path":"/a","data":"text" | {"base64":"…"} | null,"acl":[…]}
 *
 * Ephemerals belong to their sessions, and /zookeeper to the service: neither is exported.
 */
import { createInterface } from "node:readline";
import { type Acl, isServiceException, type MultiOperation, type ZnodeClient } from "../../client/index.ts";
import { importBytesMax, importOperationsMax } from "../../shared/limits.ts";
import { CommandError } from "../command-error.ts";
import type { Output } from "./output.ts";
import type { Terminal } from "./terminal.ts";
import { listBelow } from "./znode-walk.ts";

interface TransferCall {
  readonly znodes: ZnodeClient;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly terminal: Terminal;
}

interface ExportedZnode {
  readonly path: string;
  readonly data: string | { readonly base64: string } | null;
  readonly acl: readonly Acl[];
}

export async function exportZnodes({ znodes, output, signal, terminal }: TransferCall, root: string): Promise<void> {
  const below = await listBelow(znodes, root, signal);
  const paths = root === "/" ? below : [root, ...below];
  let written = 0;
  for (const path of paths) {
    if (path === "/zookeeper" || path.startsWith("/zookeeper/")) continue;
    const line = await exportOne(znodes, path, signal);
    if (line === undefined) continue;
    await output.write(`${JSON.stringify(line)}\n`);
    written += 1;
  }
  terminal.stderr.write(`${written} znode(s) exported\n`);
}

/** Undefined if it is ephemeral, or went meanwhile. */
async function exportOne(
  znodes: ZnodeClient,
  path: string,
  abortSignal: AbortSignal,
): Promise<ExportedZnode | undefined> {
  try {
    const { data, stat } = await znodes.get(path, { abortSignal });
    if (stat.ephemeralOwner !== "0") return undefined;
    const { acl } = await znodes.getAcl(path, { abortSignal });
    const shown = typeof data === "object" && data !== null ? { base64: Buffer.from(data).toString("base64") } : data;
    return { path, data: shown, acl };
  } catch (error) {
    if (isServiceException(error, "NO_NODE")) return undefined;
    throw error;
  }
}

type Create = Extract<MultiOperation, { type: "create" }>;

/** Creates what is not there yet; what is there stays as it is, and is counted. */
export async function importZnodes({ znodes, signal, terminal }: TransferCall, root: string): Promise<void> {
  if (root !== "" && root !== "/") await znodes.ensure(root, { abortSignal: signal });
  const counts = { created: 0, there: 0 };
  let batch: Create[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    await createAll(znodes, batch, counts, signal);
    batch = [];
    bytes = 0;
  };
  let lineNumber = 0;
  for await (const line of createInterface({ input: terminal.stdin, crlfDelay: Infinity })) {
    lineNumber += 1;
    signal.throwIfAborted();
    if (line.trim() === "") continue;
    const create = parseLine(line, lineNumber, root);
    batch.push(create);
    bytes += line.length;
    if (batch.length >= importOperationsMax || bytes >= importBytesMax) await flush();
  }
  await flush();
  terminal.stderr.write(`${counts.created} znode(s) created, ${counts.there} were there\n`);
}

async function createAll(
  znodes: ZnodeClient,
  batch: readonly Create[],
  counts: { created: number; there: number },
  abortSignal: AbortSignal,
): Promise<void> {
  if (batch.length === 0) return;
  try {
    await znodes.multi(batch, { abortSignal });
    counts.created += batch.length;
  } catch (error) {
    if (!isServiceException(error, "NODE_EXISTS")) throw error;
    // Nothing of it was done: one by one, what is missing comes.
    for (const { path, ...fields } of batch) {
      try {
        await znodes.create(path, fields, { abortSignal });
        counts.created += 1;
      } catch (cause) {
        if (!isServiceException(cause, "NODE_EXISTS")) throw cause;
        counts.there += 1;
      }
    }
  }
}

function parseLine(line: string, lineNumber: number, root: string): Create {
  const { path, data = null, acl } = parseJson(line, lineNumber);
  const isData = data === null || typeof data === "string" || typeof (data as { base64?: unknown }).base64 === "string";
  if (typeof path !== "string" || !path.startsWith("/") || !isData || !(acl === undefined || Array.isArray(acl))) {
    throw new CommandError(`line ${lineNumber} is no znode as export writes them`);
  }
  const bytes =
    typeof data === "object" && data !== null ? Buffer.from((data as { base64: string }).base64, "base64") : data;
  return {
    type: "create",
    path: root === "/" ? path : root + path,
    data: bytes as string | Uint8Array | null,
    ...(acl === undefined ? {} : { acl: acl as readonly Acl[] }),
  };
}

function parseJson(line: string, lineNumber: number): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return { ...value };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new CommandError(`line ${lineNumber} is not JSON`);
}
