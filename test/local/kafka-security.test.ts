import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { kafkaSecurityOf, type KafkaSecurityOptions, withKafkaSecurity } from "../../local/kafka-security.ts";

async function parsed(...args: readonly string[]) {
  const command = withKafkaSecurity(new Command().exitOverride().configureOutput({ writeErr: () => {} }));
  await command.action(() => undefined).parseAsync(args, { from: "user" });
  return await kafkaSecurityOf(command.opts<KafkaSecurityOptions>());
}

describe("the options of Kafka's security", () => {
  test("let everybody in unless they say otherwise", async () => {
    expect(await parsed()).toEqual({ security: { sasl: false, acl: "off", superUsers: [] } });
    const all = ["--kafka-sasl", "--kafka-acl", "allow", "--kafka-super-user", "a", "--kafka-super-user", "b"];
    expect(await parsed(...all)).toEqual({ security: { sasl: true, acl: "allow", superUsers: ["a", "b"] } });
    await expect(parsed("--kafka-acl", "maybe")).rejects.toThrow("maybe");
    await expect(parsed("--kafka-super-user", "a")).rejects.toThrow("no effect without --kafka-acl");
  });

  test("take a certificate with its key, and say which file they cannot read", async () => {
    const folder = new URL("../fixtures/tls/", import.meta.url).pathname;
    const cert = ["--kafka-tls-cert", `${folder}localhost.crt`];
    const { tls } = await parsed(...cert, "--kafka-tls-key", `${folder}localhost.key`);
    expect(tls).toMatchObject({ cert: expect.stringContaining("BEGIN CERTIFICATE"), minVersion: "TLSv1.2" });
    await expect(parsed(...cert)).rejects.toThrow("come together");
    await expect(parsed(...cert, "--kafka-tls-key", "/nowhere.key")).rejects.toThrow(
      /^cannot read \/nowhere\.key: there is no such file$/,
    );
    const swapped = ["--kafka-tls-cert", `${folder}localhost.key`, "--kafka-tls-key", `${folder}localhost.crt`];
    await expect(parsed(...swapped)).rejects.toThrow(/^--kafka-tls-cert \S+ is no certificate in PEM$/);
  });
});
