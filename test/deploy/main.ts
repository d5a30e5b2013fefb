/**
 * Deploys the service with the CDK to an emulator of AWS, and uses what is deployed:
 *
 *     npm run test:deploy -- [--rows <number>] [--keep]
 *
 * Ends with 0 if everything is as it should be, with 1 if something is not, with 2 if the test could not be run here, and
 * with 130 if it was interrupted. It never passes by leaving something out.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { Command, InvalidArgumentError } from "commander";
import { interruptedExitCode, onStopSignal } from "../../local/stop-signal.ts";
import { Cdk } from "./cdk.ts";
import { startEmulator } from "./emulator.ts";
import type { Emulator } from "./emulator.ts";
import { installEmulator } from "./install-emulator.ts";
import { Steps } from "./report.ts";
import { runDeployment } from "./run-deployment.ts";
import { SetupError } from "./setup-error.ts";

const failedExitCode = 1;
const notRunExitCode = 2;

interface Options {
  readonly rows: number;
  readonly keep?: boolean;
}

const options = new Command("npm run test:deploy --")
  .description(
    "Deploys the service with the CDK to an emulator of AWS, and uses what is deployed.\n" +
      "Needs python3 (3.10 or later) and openssl; fetches the emulator from PyPI once.\n" +
      "Ends with 0 if all is as it should be, 1 if something is not, 2 if it could not be run.",
  )
  .option("--rows <number>", "rows that the demo streams", wholeNumber, 5_000)
  .option("--keep", "leave the emulator and what is deployed to it")
  .allowExcessArguments(false)
  .parse()
  .opts<Options>();

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const controller = new AbortController();
const forget = onStopSignal(["SIGINT", "SIGTERM", "SIGHUP"], () => controller.abort(new Error("interrupted")));
try {
  process.exitCode = await main(options, controller.signal);
} catch (error) {
  if (controller.signal.aborted) process.exitCode = interruptedExitCode;
  else if (error instanceof SetupError) {
    print(`cannot be run: ${error.message}`);
    process.exitCode = notRunExitCode;
  } else throw error;
} finally {
  forget();
}

async function main({ rows, keep = false }: Options, signal: AbortSignal): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-deploy-"));
  const steps = new Steps(print);
  let isKept = false;
  try {
    await using stack = new AsyncDisposableStack();
    const emulator = await steps.run("start the emulator", async (report) => {
      const logFile = join(folder, "install.log");
      const python = await installEmulator({ logFile, signal, print: report.note });
      const started = stack.use(await startEmulator(python, folder));
      report.note(`${started.url}, its log: ${started.logFile}`);
      return started;
    });
    signal.throwIfAborted();
    setDefaultCACertificates([...getCACertificates("default"), await readFile(emulator.certificateFile, "utf8")]);
    const cdk = new Cdk(emulator, folder, signal);
    try {
      await runDeployment({ emulator, cdk, steps, folder, rows, signal, isKept: keep });
    } catch (error) {
      // What a step has said already.
      if (signal.aborted || steps.failed === 0) throw error;
    }
    isKept = keep && !signal.aborted;
    if (isKept) sayHowToGoOn(emulator, folder);
    steps.summarize();
    if (steps.failed > 0) isKept = true;
    if (isKept && keep) stack.move();
    return steps.failed === 0 ? 0 : failedExitCode;
  } finally {
    if (isKept) print(`logs are in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

function sayHowToGoOn(emulator: Emulator, folder: string): void {
  emulator.abandon();
  print(`
the emulator runs on as process ${emulator.pid}; kill it with: kill -- -${emulator.pid} && rm -r ${folder}
for the CDK and the AWS SDKs:
  export AWS_ENDPOINT_URL=${emulator.url} AWS_REGION=us-east-1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
  export NODE_EXTRA_CA_CERTS=${emulator.certificateFile} AWS_CA_BUNDLE=${emulator.certificateFile}`);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("It must be a whole number from 1 to 999999.");
  return Number(text);
}
