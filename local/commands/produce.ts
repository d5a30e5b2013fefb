import type { Command } from "commander";
import { Option } from "commander";
import type { Producer, RecordBytes } from "../../client/index.ts";
import { compressionTypes } from "../../shared/record/compression-type.ts";
import type { CompressionType } from "../../shared/record/compression-type.ts";
import { connect, withConnection } from "../console/connection.ts";
import type { ConnectionOptions } from "../console/connection.ts";
import { unescapeBytes } from "../console/escapes.ts";
import { Progress } from "../console/progress.ts";
import { formatAmount, formatBytes, formatCount, perSecond } from "../console/quantities.ts";
import { CommandError } from "../command-error.ts";
import { runAction } from "../console/run-action.ts";
import { splitInput } from "../console/split-input.ts";
import type { Terminal } from "../console/terminal.ts";

interface ProduceOptions extends ConnectionOptions {
  readonly delimiter: string;
  readonly keyDelimiter?: string;
  readonly key?: string;
  readonly partition?: string;
  readonly header: readonly string[];
  readonly compression: CompressionType;
  readonly null?: boolean;
  readonly count?: string;
  readonly linger: string;
  readonly quiet?: boolean;
}

const examples = `
Each line of the standard input is one record; empty lines are passed over. The options are kcat's.

Examples:
  $ echo '{"total": 12}' | streamkeeper produce orders
  $ echo 'alice:{"total": 12}' | streamkeeper produce orders -K :
  $ streamkeeper produce orders -k alice -H source=shell -z zstd < orders.ndjson
  $ streamkeeper consume orders -e -K '\\t' | streamkeeper produce copy -K '\\t'`;

/** Adds `streamkeeper produce`. */
export function registerProduce(program: Command, terminal: Terminal = process): void {
  const command = program.command("produce <topic>").description("write the lines of the standard input to a topic");
  withConnection(command)
    .option(
      "-D, --delimiter <text>",
      String.raw`what ends a record; \n, \t, \0 and \xHH are understood`,
      String.raw`\n`,
    )
    .option("-K, --key-delimiter <text>", "what stands between key and value of a record")
    .option("-k, --key <text>", "key of the records that have none of their own")
    .option("-p, --partition <number>", "partition to write to, in place of the one that the key leads to")
    .option("-H, --header <name=value>", "a header for each record; may be repeated", collect, [])
    .addOption(
      new Option("-z, --compression <type>", "how batches are compressed").choices(compressionTypes).default("none"),
    )
    .option("-Z, --null", "send empty values and keys as null (tombstones)")
    .option("-c, --count <number>", "stop after so many records")
    .option("--linger <ms>", "how long a record waits for others to share its batch", "5")
    .option("-q, --quiet", "write no summary")
    .addHelpText("after", examples)
    .action((topic: string, options: ProduceOptions) =>
      runAction((signal) => produce(topic, options, terminal, signal)),
    );
}

async function produce(
  topic: string,
  options: ProduceOptions,
  { stdin, stderr }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (stdin.isTTY === true) stderr.write("reading lines from the terminal; end with Ctrl-D\n");
  using client = connect(options);
  const producer = client.producer({
    topic,
    compressionType: options.compression,
    lingerMs: parseNumber(options.linger, "--linger"),
  });
  const progress = new Progress(`produce ${topic}`, stderr);
  const sent = { records: 0, bytes: 0 };
  try {
    await sendInput(producer, options, stdin, signal, (bytes) => {
      sent.records += 1;
      sent.bytes += bytes;
      progress.add(1, bytes);
    });
  } finally {
    // What was read before Ctrl-C, or before a line that cannot be sent, is written.
    await producer.close();
    progress.finish();
  }
  if (options.quiet === true) return;
  const { elapsedMs } = progress;
  const speed = `${formatCount(perSecond(sent.records, elapsedMs))} records/s`;
  const size = `${formatBytes(sent.bytes)} in ${(elapsedMs / 1_000).toFixed(1)} s`;
  stderr.write(`${formatAmount(sent.records, "record")} to ${topic}, ${size} (${speed})\n`);
}

async function sendInput(
  producer: Producer,
  options: ProduceOptions,
  stdin: Terminal["stdin"],
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  const toRecord = recordParser(options);
  const countMax = options.count === undefined ? Number.POSITIVE_INFINITY : parseNumber(options.count, "--count");
  const delimiter = unescapeBytes(options.delimiter);
  if (delimiter.length === 0) throw new CommandError("--delimiter must not be empty");
  let count = 0;
  const stopReading = (): void => void stdin.destroy();
  signal.addEventListener("abort", stopReading, { once: true });
  try {
    for await (const pieces of splitInput(stdin, delimiter)) {
      for (const piece of pieces) {
        if (piece.length === 0) continue;
        if (count === countMax) return;
        await producer.enqueue(toRecord(piece));
        count += 1;
        onSent(piece.length);
      }
      if (count === countMax) return;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stopReading);
    stdin.destroy();
  }
}

/** Makes a record of a piece of input. The piece is a view, so what is kept of it is copied by the producer's batch. */
function recordParser(options: ProduceOptions) {
  const keyDelimiter = options.keyDelimiter === undefined ? undefined : unescapeBytes(options.keyDelimiter);
  if (keyDelimiter?.length === 0) throw new CommandError("--key-delimiter must not be empty");
  const partition = options.partition === undefined ? undefined : parseNumber(options.partition, "--partition");
  const headers = options.header.length === 0 ? undefined : options.header.map(parseHeader);
  const fixedKey = options.key ?? null;
  const emptyIsNull = options.null === true;
  const orNull = (bytes: Buffer): RecordBytes | null => (emptyIsNull && bytes.length === 0 ? null : bytes);
  return (piece: Buffer) => {
    const at = keyDelimiter === undefined ? -1 : piece.indexOf(keyDelimiter);
    const common = { partition, headers };
    if (keyDelimiter === undefined || at === -1) return { ...common, key: fixedKey, value: orNull(piece) };
    const key = orNull(piece.subarray(0, at)) ?? fixedKey;
    return { ...common, key, value: orNull(piece.subarray(at + keyDelimiter.length)) };
  };
}

function parseHeader(text: string): { readonly key: string; readonly value: string | null } {
  const at = text.indexOf("=");
  if (at === -1) return { key: text, value: null };
  return { key: text.slice(0, at), value: text.slice(at + 1) };
}

function parseNumber(text: string, name: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new CommandError(`${name} must be a whole number: ${text}`);
  return Number(text);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
