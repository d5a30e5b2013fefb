/** What the command line says of the port for ZooKeeper's clients. */
import { type Command, InvalidArgumentError } from "commander";
import type { AccessSettings } from "../functions/http/caller.ts";
import { tickMsDefault, tickMsMax, tickMsMin, zookeeperPortDefault } from "../shared/limits/zookeeper-gateway.ts";
import { portOf } from "./kafka-options.ts";
import { findSuperDigestProblem } from "./superuser.ts";
import { tlsFilesOf } from "./tls-files.ts";
import type { ZooKeeperGatewayOptions } from "../gateway/zookeeper/zookeeper-gateway.ts";

export interface ZooKeeperOptions {
  readonly zookeeperPort?: number;
  readonly zookeeperTickTime?: number;
  readonly zookeeperSuperDigest?: string;
  readonly zookeeperTlsCert?: string;
  readonly zookeeperTlsKey?: string;
}

export function withZooKeeper(command: Command): Command {
  return command
    .option(
      "--zookeeper-port <number>",
      `port for ZooKeeper's clients; 0 takes any that is free (default: ${zookeeperPortDefault})`,
      portOf,
    )
    .option(
      "--zookeeper-tick-time <ms>",
      `ZooKeeper's tickTime: sessions have timeouts of 2 to 20 of them (default: ${tickMsDefault})`,
      tickMsOf,
    )
    .option(
      "--zookeeper-super-digest <user:digest>",
      "who may do everything, as ZooKeeper's superDigest: user:base64(sha1(user:password)) (default: STREAMKEEPER_SUPER_DIGEST)",
      superDigestOf,
    )
    .option("--zookeeper-tls-cert <file>", "certificate (PEM), with which ZooKeeper's clients speak TLS")
    .option("--zookeeper-tls-key <file>", "its private key (PEM)");
}

/** @param access whose superuser it is, where no option says so. @throws CommandError where a file cannot be read, or only one of two is named */
export async function zookeeperSettingsOf(
  options: ZooKeeperOptions,
  access: AccessSettings,
): Promise<Pick<ZooKeeperGatewayOptions, "tls" | "tickMs" | "superDigest">> {
  const { zookeeperTlsCert: cert, zookeeperTlsKey: key } = options;
  const tls = await tlsFilesOf({ cert, key, certOption: "--zookeeper-tls-cert", keyOption: "--zookeeper-tls-key" });
  const superDigest = options.zookeeperSuperDigest ?? access.superDigest;
  return { tls, tickMs: options.zookeeperTickTime, superDigest };
}

/** @throws InvalidArgumentError */
function tickMsOf(text: string): number {
  const tickMs = Number(text);
  if (/^[0-9]+$/.test(text) && tickMs >= tickMsMin && tickMs <= tickMsMax) return tickMs;
  throw new InvalidArgumentError(`It is a number of milliseconds from ${tickMsMin} to ${tickMsMax}.`);
}

/** @throws InvalidArgumentError */
function superDigestOf(text: string): string {
  const problem = findSuperDigestProblem(text);
  if (problem === undefined) return text;
  throw new InvalidArgumentError(`It ${problem}.`);
}
