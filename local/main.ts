/** The command line. A command's module is loaded when it is used, so that each starts as quickly as it can. */
import { Command } from "commander";
import { CommandError } from "./command-error.ts";
import { packageVersion } from "./version.ts";

interface CommandEntry {
  readonly description: string;
  /** Adds the command, with its options and its action, to the program. */
  readonly load: () => Promise<(program: Command) => void>;
}

const commands: Readonly<Record<string, CommandEntry>> = {
  serve: {
    description: "serve the HTTP API, and Kafka's and ZooKeeper's protocols, on this machine",
    load: async () => (await import("./commands/serve.ts")).registerServe,
  },
  gateway: {
    description: "serve Kafka's and ZooKeeper's clients next to a store, without the HTTP API",
    load: async () => (await import("./commands/gateway.ts")).registerGateway,
  },
  topics: {
    description: "list, create, describe, alter and delete topics",
    load: async () => (await import("./commands/topics.ts")).registerTopics,
  },
  produce: {
    description: "write the lines of the standard input to a topic",
    load: async () => (await import("./commands/produce.ts")).registerProduce,
  },
  consume: {
    description: "write a topic's records to the standard output",
    load: async () => (await import("./commands/consume.ts")).registerConsume,
  },
  groups: {
    description: "list, describe, reset and delete consumer groups",
    load: async () => (await import("./commands/groups.ts")).registerGroups,
  },
  users: {
    description: "create, list and delete users of Kafka's protocol",
    load: async () => (await import("./commands/users.ts")).registerUsers,
  },
  znode: {
    description: "read, write and watch znodes",
    load: async () => (await import("./commands/znode.ts")).registerZnode,
  },
  lock: {
    description: "run a command while holding a lock",
    load: async () => (await import("./commands/lock.ts")).registerLock,
  },
  election: {
    description: "stand for election, and see who leads",
    load: async () => (await import("./commands/election.ts")).registerElection,
  },
  demo: {
    description: "stream a real data set through a server, read it back, and check every row",
    load: async () => (await import("./commands/demo.ts")).registerDemo,
  },
  export: {
    description: "write a namespace as an archive",
    load: async () => (await import("./commands/export.ts")).registerExport,
  },
  import: {
    description: "make a namespace of an archive",
    load: async () => (await import("./commands/import.ts")).registerImport,
  },
  verify: {
    description: "put a deployment under load, and check that it kept every promise",
    load: async () => (await import("./commands/verify.ts")).registerVerify,
  },
  cost: {
    description: "predict a month's bill on AWS for a load",
    load: async () => (await import("./commands/cost.ts")).registerCost,
  },
  bench: {
    description: "measure the log and the tree on this machine",
    load: async () => (await import("./commands/bench.ts")).registerBench,
  },
};

async function run(argv: readonly string[]): Promise<void> {
  const program = new Command("streamkeeper")
    .description("Kafka's log and ZooKeeper's coordination as one serverless service on AWS.")
    .version(packageVersion())
    .showHelpAfterError("(--help says more)");
  for (const [name, { description, load }] of Object.entries(commands)) {
    if (argv.includes(name)) (await load())(program);
    else program.command(name).description(description);
  }
  await program.parseAsync(argv, { from: "user" });
}

// Left to itself Node takes its signal handlers down before the process is gone: a Ctrl-C that comes twice would kill it.
process.once("beforeExit", () => process.exit());
try {
  await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  process.stderr.write(`streamkeeper: ${error.message}\n`);
  process.exitCode = error.exitCode;
}
