/** The CDK's own command line, from our devDependencies, against the emulator. */
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { repositoryRoot } from "../../infra/bundle.ts";
import { administrator, emulatedAccount, emulatedRegion } from "./emulator.ts";
import type { Emulator } from "./emulator.ts";
import { runProgram } from "./run-program.ts";

const cdkProgram = join(dirname(createRequire(import.meta.url).resolve("aws-cdk/package.json")), "bin", "cdk");

/** What `cdk synth` made. */
export interface CloudAssembly {
  readonly name: string;
  readonly folder: string;
}

/** Outputs by stack and name. */
export type Outputs = Readonly<Record<string, Readonly<Record<string, string>>>>;

export class Cdk {
  readonly #emulator: Emulator;
  readonly #folder: string;
  readonly #signal: AbortSignal;

  /** Files that it writes go to the folder. */
  constructor(emulator: Emulator, folder: string, signal: AbortSignal) {
    this.#emulator = emulator;
    this.#folder = folder;
    this.#signal = signal;
  }

  /** @throws ProgramFailure */
  async bootstrap(): Promise<void> {
    // Not where `cdk.json` is: it would synthesize our app for nothing.
    await this.#run("bootstrap", ["bootstrap", `aws://${emulatedAccount}/${emulatedRegion}`], this.#folder);
  }

  /**
   * Synthesizes the app below `root` and answers the folder of what came out.
   *
   * @param context what is given with `-c`
   * @throws ProgramFailure
   */
  async synthesize(
    name: string,
    context: Readonly<Record<string, string>>,
    root = repositoryRoot,
  ): Promise<CloudAssembly> {
    const folder = join(this.#folder, `${name}.cdk.out`);
    const given = Object.entries(context).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    await this.#run(`${name}-synth`, ["synth", "--quiet", "--output", folder, ...given], root);
    return { name, folder };
  }

  /** Deploys all stacks. @throws ProgramFailure */
  async deploy({ name, folder }: CloudAssembly): Promise<Outputs> {
    const outputsFile = join(this.#folder, `${name}.outputs.json`);
    const args = ["deploy", "--all", "--app", folder, "--require-approval", "never", "--progress", "events"];
    await this.#run(`${name}-deploy`, [...args, "--outputs-file", outputsFile], this.#folder);
    return JSON.parse(await readFile(outputsFile, "utf8")) as Outputs;
  }

  /** Destroys these stacks, or all. @throws ProgramFailure */
  async destroy({ name, folder }: CloudAssembly, ...stacks: readonly string[]): Promise<void> {
    const which = stacks.length === 0 ? ["--all"] : stacks;
    await this.#run(`${name}-destroy`, ["destroy", ...which, "--app", folder, "--force"], this.#folder);
  }

  async #run(name: string, args: readonly string[], cwd: string): Promise<void> {
    await runProgram({
      program: process.execPath,
      args: [cdkProgram, ...args, "--no-color", "--no-notices"],
      cwd,
      env: awsEnvironment(this.#emulator),
      logFile: join(this.#folder, `${name}.log`),
      signal: this.#signal,
    });
  }
}

/** What a program needs in its environment to take the emulator for AWS. */
export function awsEnvironment({ url, certificateFile }: Emulator): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith("AWS_") && !name.startsWith("CDK_"),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
    AWS_ENDPOINT_URL: url,
    AWS_REGION: emulatedRegion,
    AWS_ACCESS_KEY_ID: administrator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    // Two variables for one thing: the AWS SDK's Node, and the CDK, which brings its own agent.
    NODE_EXTRA_CA_CERTS: certificateFile,
    AWS_CA_BUNDLE: certificateFile,
    NO_PROXY: "127.0.0.1",
    CDK_DISABLE_CLI_TELEMETRY: "true",
  };
}
