import { buffer } from "node:stream/consumers";
import type { Command } from "commander";
import type { CreateMode, Stat, ZnodeClient, ZnodeEvent } from "../../client/index.ts";
import { CommandError } from "../command-error.ts";
import { aclText, parseAcl } from "../console/acl-text.ts";
import { type CallerOptions, callAction, wholeNumber, withCaller } from "../console/caller.ts";
import type { Call } from "../console/client-action.ts";
import { formatJson } from "../console/json.ts";
import { formatTable } from "../console/table.ts";
import type { Terminal } from "../console/terminal.ts";
import { drawTree, listBelow, removeBelow } from "../console/znode-walk.ts";
import { exportZnodes, importZnodes } from "../console/znode-transfer.ts";

interface ZnodeOptions extends CallerOptions {
  readonly json?: boolean;
}

interface CreateOptions extends ZnodeOptions {
  readonly sequential?: boolean;
  readonly ephemeral?: boolean;
  readonly container?: boolean;
  readonly parents?: boolean;
  readonly ttl?: string;
  readonly acl?: string;
}

const examples = `
Examples:
  $ streamkeeper znode create -p /config/app '{"limit":3}'
  $ streamkeeper znode get /config/app
  $ echo '{"limit":4}' | streamkeeper znode set /config/app -v 0
  $ streamkeeper znode ls / -R
  $ streamkeeper znode watch / -R
  $ streamkeeper znode acl /config/app --set world:anyone:r,digest:ann:kVb...=:cdrwa
  $ streamkeeper znode export /config > config.jsonl && streamkeeper znode import --root /copy < config.jsonl`;

/** Adds `streamkeeper znode`. */
export function registerZnode(program: Command, terminal: Terminal = process): void {
  const znode = program.command("znode").description("read, write and watch znodes");
  znode.addHelpText("after", examples);
  const subcommand = (usage: string, description: string): Command =>
    withCaller(znode.command(usage).description(description));
  const run = (options: CallerOptions, path: string, action: (call: ZnodeCall) => Promise<void>): Promise<void> =>
    callAction(terminal, options, async (call) => {
      if (!path.startsWith("/")) throw new CommandError(`the path of a znode begins with a slash: ${path}`);
      using znodes = call.client.znodes();
      await action({ ...call, znodes, terminal });
    });

  subcommand("ls <path>", "the children of a znode")
    .option("-R, --recursive", "all znodes below it, by their whole path")
    .option("-l, --long", "with their versions, sizes and numbers of children")
    .option("--json", "write JSON")
    .action((path: string, options: LsOptions) => run(options, path, (call) => ls(call, path, options)));
  subcommand("get <path>", "the data of a znode")
    .option("-s, --stat", "with its Stat")
    .option("--base64", "write the data as base64")
    .option("--json", "write JSON")
    .action((path: string, options: GetOptions) => run(options, path, (call) => get(call, path, options)));
  subcommand("set <path> [data]", "change the data of a znode; without data, to the standard input")
    .option("-v, --version <number>", "only if it is at this version")
    .action((path: string, data: string | undefined, options: SetOptions) =>
      run(options, path, (call) => set(call, path, data, options)),
    );
  subcommand("create <path> [data]", "create a znode, and write its path")
    .option("-s, --sequential", "with a number behind its name")
    .option("-e, --ephemeral", "for as long as this command runs: until Ctrl-C")
    .option("-c, --container", "goes by itself when its last child has gone")
    .option("-t, --ttl <ms>", "goes by itself when nobody has written to it for so long")
    .option("-p, --parents", "and those above it that are missing")
    .option("--acl <list>", "scheme:id:cdrwa, several joined by commas")
    .action((path: string, data: string | undefined, options: CreateOptions) =>
      run(options, path, (call) => create(call, path, data, options)),
    );
  subcommand("delete <path>", "delete a znode")
    .option("-v, --version <number>", "only if it is at this version")
    .option("-r, --recursive", "and all below it, children first")
    .action((path: string, options: DeleteOptions) => run(options, path, (call) => remove(call, path, options)));
  subcommand("watch <path>", "every change of a znode, as it happens, until Ctrl-C")
    .option("-R, --recursive", "and of all below it")
    .option("--since <zxid>", "and what has happened since then")
    .option("--json", "write JSON lines")
    .action((path: string, options: WatchOptions) => run(options, path, (call) => watch(call, path, options)));
  subcommand("acl <path>", "the access control list of a znode")
    .option("--set <list>", "replace it: scheme:id:cdrwa, several joined by commas")
    .option("-v, --version <number>", "only if the list is at this version (aversion)")
    .action((path: string, options: AclOptions) => run(options, path, (call) => acl(call, path, options)));
  subcommand("tree [path]", "a znode and all below it, drawn as a tree").action(
    (path: string | undefined, options: CallerOptions) =>
      run(options, path ?? "/", (call) => drawTree(call, path ?? "/")),
  );
  subcommand("export [path]", "a znode and all below it as JSON lines").action(
    (path: string | undefined, options: CallerOptions) =>
      run(options, path ?? "/", (call) => exportZnodes(call, path ?? "/")),
  );
  subcommand("import", "create the znodes that the standard input tells of, as export wrote them")
    .option("--root <path>", "below this znode, in place of where they were")
    .action((options: CallerOptions & { readonly root?: string }) =>
      run(options, options.root ?? "/", (call) => importZnodes(call, options.root ?? "")),
    );
}

/** What every action gets. */
export interface ZnodeCall extends Call {
  readonly znodes: ZnodeClient;
  readonly terminal: Terminal;
}

type LsOptions = ZnodeOptions & { readonly recursive?: boolean; readonly long?: boolean };
type GetOptions = ZnodeOptions & { readonly stat?: boolean; readonly base64?: boolean };
type SetOptions = CallerOptions & { readonly version?: string };
type DeleteOptions = SetOptions & { readonly recursive?: boolean };
type WatchOptions = ZnodeOptions & { readonly recursive?: boolean; readonly since?: string };
type AclOptions = SetOptions & { readonly set?: string };

async function ls({ znodes, output, signal }: ZnodeCall, path: string, options: LsOptions): Promise<void> {
  const names =
    options.recursive === true ? await listBelow(znodes, path, signal) : await childrenOf(znodes, path, signal);
  if (options.long !== true) {
    return output.write(
      options.json === true ? `${JSON.stringify(names)}\n` : names.map((name) => `${name}\n`).join(""),
    );
  }
  const rows = [];
  for (const name of names) {
    const stat = await znodes.exists(options.recursive === true ? name : join(path, name), { abortSignal: signal });
    if (stat !== undefined) rows.push({ name, stat });
  }
  if (options.json === true) return output.write(formatJson(rows));
  const table = rows.map(({ name, stat }) => [name, stat.version, stat.dataLength, stat.numChildren, ownerOf(stat)]);
  return output.write(formatTable(["NAME", "VERSION", "BYTES", "CHILDREN", "SESSION"], table));
}

async function get({ znodes, output, signal }: ZnodeCall, path: string, options: GetOptions): Promise<void> {
  const { data, stat, zxid } = await znodes.get(path, { abortSignal: signal });
  const bytes = typeof data === "string" ? Buffer.from(data) : Buffer.from(data ?? []);
  if (options.json === true) {
    const shown = typeof data === "object" && data !== null ? { base64: bytes.toString("base64") } : data;
    return output.write(formatJson({ path, data: shown, stat, zxid }));
  }
  const written = options.base64 === true ? Buffer.from(bytes.toString("base64")) : bytes;
  await output.write(written);
  // A line, for what is text or goes on; bytes are written as they are.
  const isLine = typeof data === "string" || options.base64 === true || options.stat === true;
  if (isLine && written.length > 0 && written.at(-1) !== 0x0a) await output.write("\n");
  if (options.stat !== true) return;
  await output.write(
    Object.entries(stat)
      .map(([name, value]) => `${name} = ${value}\n`)
      .join(""),
  );
}

async function set(call: ZnodeCall, path: string, data: string | undefined, options: SetOptions): Promise<void> {
  const { znodes, output, signal } = call;
  const stat = await znodes.set(path, data ?? (await input(call)), versionOf(options), { abortSignal: signal });
  await output.write(`version ${stat.version}\n`);
}

async function create(call: ZnodeCall, path: string, data: string | undefined, options: CreateOptions): Promise<void> {
  const { client, znodes, output, signal } = call;
  if (options.parents === true) {
    const parent = path.slice(0, path.lastIndexOf("/"));
    if (parent !== "") await znodes.ensure(parent, { abortSignal: signal });
  }
  const fields = {
    data: data ?? null,
    mode: modeOf(options),
    ...(options.ttl === undefined ? {} : { ttlMs: wholeNumber(options.ttl, "--ttl") }),
    ...(options.acl === undefined ? {} : { acl: parseAcl(options.acl) }),
  };
  if (options.ephemeral !== true) {
    const created = await znodes.create(path, fields, { abortSignal: signal });
    return output.write(`${created.path}\n`);
  }
  await using session = await client.session();
  const created = await client.znodes({ session }).create(path, fields, { abortSignal: signal });
  await output.write(`${created.path}\n`);
  const ended = AbortSignal.any([signal, session.signal]);
  if (!ended.aborted) await new Promise((resolve) => ended.addEventListener("abort", resolve, { once: true }));
  if (!signal.aborted) throw new CommandError(`the session ended, and ${created.path} with it`);
}

async function remove({ znodes, signal, output }: ZnodeCall, path: string, options: DeleteOptions): Promise<void> {
  if (options.recursive !== true) return znodes.delete(path, versionOf(options), { abortSignal: signal });
  if (options.version !== undefined) throw new CommandError("--version is of one znode, not of all below it");
  const removed = await removeBelow(znodes, path, signal);
  await output.write(`${removed} znode(s) deleted\n`);
}

async function watch({ znodes, output, signal }: ZnodeCall, path: string, options: WatchOptions): Promise<void> {
  const since = options.since === undefined ? {} : { since: wholeNumber(options.since, "--since") };
  await using events = await znodes.watch(path, { recursive: options.recursive === true, signal, ...since });
  for await (const event of events) await output.write(eventLine(event, options.json === true));
}

async function acl({ znodes, output, signal }: ZnodeCall, path: string, options: AclOptions): Promise<void> {
  if (options.set === undefined) {
    const found = await znodes.getAcl(path, { abortSignal: signal });
    return output.write(`${aclText(found.acl).replaceAll(",", "\n")}\n`);
  }
  const stat = await znodes.setAcl(path, parseAcl(options.set), versionOf(options), { abortSignal: signal });
  return output.write(`aversion ${stat.aversion}\n`);
}

function eventLine({ zxid, type, path }: ZnodeEvent, json: boolean): string {
  return json ? `${JSON.stringify({ zxid, type, path })}\n` : `${zxid} ${type} ${path}\n`;
}

async function childrenOf(znodes: ZnodeClient, path: string, abortSignal: AbortSignal): Promise<readonly string[]> {
  return await znodes.getChildren(path, { abortSignal });
}

/** As bytes: not all data are text. */
async function input({ terminal }: ZnodeCall): Promise<Uint8Array> {
  if (terminal.stdin.isTTY === true) throw new CommandError("nothing to write: give the data, or pipe it in");
  return await buffer(terminal.stdin);
}

function versionOf({ version }: SetOptions): number | undefined {
  return version === undefined ? undefined : wholeNumber(version, "--version");
}

function modeOf({ sequential, ephemeral, container, ttl }: CreateOptions): CreateMode {
  const kinds = [ephemeral === true, container === true, ttl !== undefined].filter(Boolean).length;
  if (kinds > 1) throw new CommandError("a znode is one of --ephemeral, --container and --ttl");
  if (container === true) {
    if (sequential === true) throw new CommandError("a container has no number behind its name");
    return "container";
  }
  if (ephemeral === true) return sequential === true ? "ephemeral_sequential" : "ephemeral";
  const kind = sequential === true ? "persistent_sequential" : "persistent";
  return ttl === undefined ? kind : `${kind}_with_ttl`;
}

function ownerOf({ ephemeralOwner }: Stat): string {
  return ephemeralOwner === "0" ? "" : ephemeralOwner;
}

function join(path: string, name: string): string {
  return path === "/" ? `/${name}` : `${path}/${name}`;
}
