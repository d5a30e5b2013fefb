/** A gateway on a port of this machine, in memory, whose users are alice, bob and root; each one's password is `<name>-secret`. */
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from "kafkajs";
import { type RunningKafkaGateway, startKafkaGateway } from "../../../gateway/kafka/kafka-gateway.ts";
import { createAcls } from "../../../gateway/kafka/protocol/apis/acls.ts";
import { saslAuthenticate } from "../../../gateway/kafka/protocol/apis/sasl-authenticate.ts";
import { saslHandshake } from "../../../gateway/kafka/protocol/apis/sasl-handshake.ts";
import { credentialOf, saltPassword } from "../../../gateway/kafka/sasl/scram-credential.ts";
import { scramMechanismNames } from "../../../gateway/kafka/sasl/scram-mechanism.ts";
import type { AclBinding } from "../../../gateway/kafka/security/acl.ts";
import { wireBinding } from "../../../gateway/kafka/security/acl-filter.ts";
import { CredentialStore } from "../../../gateway/kafka/security/credential-store.ts";
import type { SecurityOptions } from "../../../gateway/kafka/security/gateway-security.ts";
import { createServices } from "../../../shared/services/create-services.ts";
import type { Services } from "../../../shared/services/services.ts";
import { createMemoryStorage, type MemoryStorage } from "../../../shared/storage/memory/memory-storage.ts";
import { WireClient } from "./wire-client.ts";

export const users = ["alice", "bob", "root"] as const;
export type User = (typeof users)[number];
export type Mechanism = "plain" | "scram-sha-256" | "scram-sha-512";

const namespace = "default";

interface Parts {
  readonly gateway: RunningKafkaGateway;
  readonly memory: MemoryStorage;
  readonly logged: readonly string[];
}

export class SecuredGateway implements AsyncDisposable {
  readonly services: Services;
  readonly port: number;
  readonly logged: readonly string[];
  readonly #gateway: RunningKafkaGateway;
  readonly #memory: MemoryStorage;

  private constructor(services: Services, { gateway, memory, logged }: Parts) {
    this.services = services;
    this.port = gateway.port;
    this.logged = logged;
    this.#gateway = gateway;
    this.#memory = memory;
  }

  static async start(
    security: SecurityOptions,
    tls?: { readonly cert: string; readonly key: string },
  ): Promise<SecuredGateway> {
    const memory = createMemoryStorage();
    const { storage } = memory;
    const services = createServices(storage);
    const store = new CredentialStore({ services, namespace, timers: storage.timers }, Buffer.from("secret"));
    for (const user of users) await store.change(user, await credentialsOf(`${user}-secret`));
    const logged: string[] = [];
    const gateway = await startKafkaGateway({
      services,
      storage,
      namespace,
      log: (_level, message, fields) => void logged.push(`${message} ${JSON.stringify(fields)}`),
      createsTopics: false,
      host: "127.0.0.1",
      port: 0,
      security,
      ...(tls === undefined ? {} : { tls }),
    });
    return new SecuredGateway(services, { gateway, memory, logged });
  }

  client(user: User | "nobody", options: Partial<KafkaConfig> & { readonly mechanism?: Mechanism } = {}): Kafka {
    const { mechanism = "plain", ...config } = options;
    const sasl = { mechanism, username: user, password: `${user}-secret` } as SASLOptions;
    return new Kafka({
      clientId: "test",
      brokers: [`127.0.0.1:${this.port}`],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
      sasl,
      ...config,
    });
  }

  /** A connection of its own, on which a user has authenticated. */
  async login(user: User): Promise<WireClient> {
    const client = await WireClient.connect(this.port);
    await client.send(saslHandshake, { mechanism: "PLAIN" });
    const { errorCode } = await client.send(saslAuthenticate, { authBytes: Buffer.from(`\0${user}\0${user}-secret`) });
    if (errorCode !== 0) throw new Error(`${user} is refused: ${errorCode}`);
    return client;
  }

  /** To alice, of the topic orders, unless it is said otherwise. @param root who may */
  async grant(root: WireClient, row: Partial<AclBinding>): Promise<void> {
    const binding = {
      resourceType: "Topic",
      patternType: "literal",
      name: "orders",
      principal: "User:alice",
      host: "*",
      operation: "Read",
      permissionType: "Allow",
      ...row,
    } as const;
    const { patternType: resourcePatternType, ...creation } = wireBinding(binding);
    const { results } = await root.send(createAcls, { creations: [{ ...creation, resourcePatternType }] });
    if (results[0]?.errorCode !== 0) throw new Error(`not granted: ${JSON.stringify(results)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#gateway.close();
    await this.#memory.close();
  }
}

async function credentialsOf(password: string) {
  const basis = { salt: Buffer.from("a salt of 16 byt"), iterations: 4_096 };
  const entries = scramMechanismNames.map(async (mechanism) => {
    return [mechanism, credentialOf(mechanism, await saltPassword(mechanism, password, basis), basis)] as const;
  });
  return new Map(await Promise.all(entries));
}
