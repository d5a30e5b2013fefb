/** Brokers that ask for a password, with one user who has one: ours as it is started again on the same data. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startOurKafka } from "./our-kafka.ts";
import type { Report } from "./peer-program.ts";
import { freePort } from "../../free-port.ts";
import { startRealKafka } from "./real-kafka.ts";

export const username = "alice";
export const password = "alice-secret";

const tls = join(import.meta.dirname, "..", "..", "fixtures", "tls");
/** Of `127.0.0.1`, and its own authority. */
export const certificateFile: string = join(tls, "localhost.crt");
const keyFile = join(tls, "localhost.key");

export interface SaslBroker {
  /** For SASL, in the open or over TLS. */
  readonly bootstrap: string;
  /** What was told of the user when it was created. */
  readonly users: Report;
  stop(): Promise<void>;
}

type CreateUser = (bootstrap: string) => Promise<Report>;

/** The user is created by a client while the port is open to all, then the server is started again. */
export async function startOurSecured(createUser: CreateUser, isEncrypted: boolean): Promise<SaslBroker> {
  const dataFolder = await mkdtemp(join(tmpdir(), "streamkeeper-sasl-"));
  try {
    const users = await createUserInTheOpen(dataFolder, createUser);
    const encryption = ["--kafka-tls-cert", certificateFile, "--kafka-tls-key", keyFile];
    const serveOptions = ["--kafka-sasl", ...(isEncrypted ? encryption : [])];
    const { bootstrap, stop } = await startOurKafka({ dataFolder, serveOptions });
    return {
      bootstrap,
      users,
      stop: async () => {
        await stop();
        await rm(dataFolder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(dataFolder, { recursive: true, force: true });
    throw error;
  }
}

async function createUserInTheOpen(dataFolder: string, createUser: CreateUser): Promise<Report> {
  await using open = await startOurKafka({ dataFolder });
  return await createUser(open.bootstrap);
}

/** The user is created by the listener that is open to all; for PLAIN, Kafka takes passwords from its properties. */
export async function startRealSecured(createUser: CreateUser, isEncrypted: boolean): Promise<SaslBroker> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-keys-"));
  const keyStore = join(folder, "keys.pem");
  await writeFile(keyStore, readFileSync(keyFile, "utf8") + readFileSync(certificateFile, "utf8"));
  const modules = "org.apache.kafka.common.security";
  const kafka = await startRealKafka({
    properties: (own) => ({
      listeners: `${own["listeners"]},SECURED://127.0.0.1:${port}`,
      "advertised.listeners": `${own["advertised.listeners"]},SECURED://127.0.0.1:${port}`,
      "listener.security.protocol.map": `${own["listener.security.protocol.map"]},SECURED:${isEncrypted ? "SASL_SSL" : "SASL_PLAINTEXT"}`,
      "inter.broker.listener.name": "PLAINTEXT",
      "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
      "listener.name.secured.plain.sasl.jaas.config": `${modules}.plain.PlainLoginModule required user_${username}="${password}";`,
      "listener.name.secured.scram-sha-256.sasl.jaas.config": `${modules}.scram.ScramLoginModule required;`,
      "listener.name.secured.scram-sha-512.sasl.jaas.config": `${modules}.scram.ScramLoginModule required;`,
      "ssl.keystore.type": "PEM",
      "ssl.keystore.location": keyStore,
    }),
  });
  const stop = async (): Promise<void> => {
    await kafka.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return { bootstrap: `127.0.0.1:${port}`, users: await createUser(kafka.bootstrap), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
