import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import type { Command } from "commander";
import { type Acl, type DigestAuth, StreamkeeperServiceException } from "../../client/index.ts";
import { credentialOf, formatCredential, saltPassword } from "../../gateway/kafka/sasl/scram-credential.ts";
import { scramMechanismNames } from "../../gateway/kafka/sasl/scram-mechanism.ts";
import {
  credentialAcl,
  desanitizeName,
  encodeEntityConfig,
  userPath,
} from "../../gateway/kafka/security/entity-config.ts";
import { secretAcl } from "../../gateway/kafka/security/guarded-znodes.ts";
import { scramIterationsDefault, scramSaltBytesDefault, userNameCharsMax } from "../../shared/limits/kafka-security.ts";
import { usersPath } from "../../shared/topics/security-znodes.ts";
import { CommandError } from "../command-error.ts";
import { actionAs, type CallerOptions, digestOf, withCaller } from "../console/caller.ts";
import type { Call } from "../console/client-action.ts";
import { formatJson } from "../console/json.ts";
import { superuserOf } from "../superuser.ts";
import type { Terminal } from "../console/terminal.ts";

interface UserOptions extends CallerOptions {
  readonly json?: boolean;
  readonly data: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const passwordVariable = "STREAMKEEPER_USER_PASSWORD";
const passwordBytesMax = 1_024;
/** Nobody else is told the superuser's password. */
const hereNames: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

const examples = `
The password is the first line of the standard input, or ${passwordVariable}. It is never stored: what is stored
can check it. Users are for Kafka's clients (SASL PLAIN and SCRAM); the HTTP API knows its callers by other means.
Where the server was started with --kafka-sasl or --kafka-acl only its superuser may do this: with --auth, or on the
same machine as who can read its data folder.

Examples:
  $ printf 'alice-secret' | streamkeeper users create alice
  $ ${passwordVariable}=alice-secret streamkeeper users create alice
  $ streamkeeper users list
  $ streamkeeper users delete alice`;

/** Adds `streamkeeper users`. */
export function registerUsers(program: Command, terminal: Terminal = process, environment: Environment = process.env) {
  const users = program.command("users").description("create, list and delete users of Kafka's protocol");
  users.addHelpText("after", examples);
  const subcommand = (usage: string, description: string): Command =>
    withCaller(users.command(usage).description(description))
      .option(
        "--data <folder>",
        "the data folder of a server on this machine, where its superuser stands",
        ".streamkeeper",
      )
      .option("--json", "write JSON");
  const act = async (options: UserOptions, action: (call: Call, isSuperuser: boolean) => Promise<void>) => {
    const proofs = await proofsOf(options);
    await actionAs(terminal, options, proofs, async (call) => guarded(() => action(call, proofs.length > 0)));
  };
  subcommand("create <name>", "create a user with a password").action((name: string, options: UserOptions) =>
    act(options, async (call, isSuperuser) => {
      // Who may do everything leaves nothing to others.
      const acl = aclOf(isSuperuser ? secretAcl : credentialAcl);
      await create(call, { name, acl }, await passwordFrom(terminal, environment));
      await call.output.write(options.json === true ? formatJson({ created: name }) : `created ${name}\n`);
    }),
  );
  subcommand("list", "the users of a namespace").action((options: UserOptions) =>
    act(options, async (call) => {
      const names = await list(call);
      if (options.json === true) return call.output.write(formatJson(names));
      return call.output.write(names.length === 0 ? "no users\n" : names.map((name) => `${name}\n`).join(""));
    }),
  );
  subcommand("delete <name>", "delete a user, with its password and quotas").action(
    (name: string, options: UserOptions) =>
      act(options, async (call) => {
        await remove(call, name);
        await call.output.write(options.json === true ? formatJson({ deleted: name }) : `deleted ${name}\n`);
      }),
  );
}

/** Who is asked to prove nothing else is the server's superuser, if the server is here and its data can be read. */
async function proofsOf({ auth, endpoint, data }: UserOptions): Promise<readonly DigestAuth[]> {
  if (auth.length > 0) return auth.map(digestOf);
  const isHere = hereNames.has(URL.parse(endpoint)?.hostname ?? "");
  const superuser = isHere ? await superuserOf(data) : undefined;
  return superuser === undefined ? [] : [superuser];
}

async function guarded(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!isRefusal(error, "NO_AUTH")) throw error;
    throw new CommandError(
      "only the server's superuser may do this: name the server's data folder with --data, or give --auth user:password",
      { cause: error },
    );
  }
}

interface NewUser {
  readonly name: string;
  readonly acl: readonly Acl[];
}

async function create({ client, signal }: Call, { name, acl }: NewUser, password: string): Promise<void> {
  const basis = { salt: randomBytes(scramSaltBytesDefault), iterations: scramIterationsDefault };
  const config: Record<string, string> = {};
  for (const mechanism of scramMechanismNames) {
    const salted = await saltPassword(mechanism, password, basis);
    config[mechanism] = formatCredential(credentialOf(mechanism, salted, basis));
  }
  const data = encodeEntityConfig(config);
  const path = pathOf(name);
  using znodes = client.znodes();
  await znodes.ensure(usersPath, { abortSignal: signal });
  try {
    // In a multi the name is not part of a URL, where it may have characters that cannot be said.
    await znodes.multi([{ type: "create", path, data, acl }], { abortSignal: signal });
  } catch (error) {
    if (!isRefusal(error, "NODE_EXISTS")) throw error;
    throw new CommandError(
      `there is a user ${name}: change the password with kafka-configs, or delete the user first`,
      {
        cause: error,
      },
    );
  }
}

async function list({ client, signal }: Call): Promise<readonly string[]> {
  using znodes = client.znodes();
  try {
    const names = await znodes.getChildren(usersPath, { abortSignal: signal });
    return names.flatMap((part) => desanitizeName(part) ?? []);
  } catch (error) {
    if (!isRefusal(error, "NO_NODE")) throw error;
    return [];
  }
}

async function remove({ client, signal }: Call, name: string): Promise<void> {
  const path = pathOf(name);
  using znodes = client.znodes();
  const removeAll = async (...paths: readonly string[]): Promise<void> => {
    const operations = paths.map((part) => ({ type: "delete", path: part }) as const);
    await znodes.multi(operations, { abortSignal: signal });
  };
  try {
    await removeAll(path).catch(async (error: unknown) => {
      if (!isRefusal(error, "NOT_EMPTY")) throw error;
      // What quotas of clients have left.
      await removeAll(`${path}/clients`, path);
    });
  } catch (error) {
    if (isRefusal(error, "NO_NODE")) throw new CommandError(`there is no user ${name}`, { cause: error });
    if (!isRefusal(error, "NOT_EMPTY")) throw error;
    throw new CommandError(`${name} has quotas for clients: remove them with kafka-configs first`, { cause: error });
  }
}

const letters = [
  [1, "read"],
  [2, "write"],
  [4, "create"],
  [8, "delete"],
  [16, "admin"],
] as const;

function aclOf(list: typeof credentialAcl): readonly Acl[] {
  return list.map(({ permissions, scheme, id }) => ({
    permissions: letters.flatMap(([bit, permission]) => ((permissions & bit) === 0 ? [] : [permission])),
    scheme,
    id,
  }));
}

function pathOf(name: string): string {
  if (name === "" || name.length > userNameCharsMax || !name.isWellFormed() || name === "." || name === "..") {
    throw new CommandError(`a user's name has 1 to ${userNameCharsMax} characters: ${name}`);
  }
  return userPath(name);
}

async function passwordFrom({ stdin }: Terminal, environment: Environment): Promise<string> {
  const given = environment[passwordVariable] ?? "";
  if (given === "" && stdin.isTTY === true) {
    throw new CommandError(`no password: pipe it in, or set ${passwordVariable}`);
  }
  const [password = ""] = given === "" ? (await text(stdin)).split(/\r?\n/, 1) : [given];
  if (password === "") throw new CommandError(`no password: pipe it in, or set ${passwordVariable}`);
  if (Buffer.byteLength(password) <= passwordBytesMax && !password.includes("\0")) return password;
  throw new CommandError(`a password has at most ${passwordBytesMax} bytes, and none of them is 0`);
}

function isRefusal(error: unknown, code: string): boolean {
  return error instanceof StreamkeeperServiceException && error.name === code;
}
