import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { tlsFilesOf } from "../../local/tls-files.ts";

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));

test("what is wrong with a certificate and its key is said in a line, by the option and the file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "streamkeeper-tls-"));
  const [cert, key, other] = [fixture("localhost.crt"), fixture("localhost.key"), join(folder, "other.key")];
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  await writeFile(other, privateKey.export({ type: "pkcs8", format: "pem" }));
  const problemOf = async (certFile: string, keyFile: string): Promise<string> => {
    const files = { cert: certFile, key: keyFile, certOption: "--cert", keyOption: "--key" };
    return tlsFilesOf(files).then(
      () => "none",
      (error: Error) => error.message,
    );
  };
  try {
    expect(await problemOf(cert, key)).toBe("none");
    expect(await problemOf(key, key)).toBe(`--cert ${key} is no certificate in PEM`);
    expect(await problemOf(cert, cert)).toBe(`--key ${cert} is no private key in PEM without a passphrase`);
    expect(await problemOf(cert, other)).toBe(`--key ${other} is not the key of --cert ${cert}`);
    expect(await problemOf(folder, key)).toBe(`cannot read ${folder}: it is a folder`);
    expect(await problemOf(join(folder, "none"), key)).toBe(
      `cannot read ${join(folder, "none")}: there is no such file`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
