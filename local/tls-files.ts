/** A certificate and its private key, from files that options name. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { CommandError } from "./command-error.ts";
import { systemReason } from "./system-reason.ts";

export interface TlsFiles {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly certOption: string;
  readonly keyOption: string;
}

export interface TlsSettings {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: "TLSv1.2";
}

/** Undefined where none are named. @throws CommandError where one cannot be read, or only one of two is named */
export async function tlsFilesOf({ cert, key, certOption, keyOption }: TlsFiles): Promise<TlsSettings | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new CommandError(`${certOption} and ${keyOption} come together`);
  const tls = { cert: await contentOf(cert), key: await contentOf(key), minVersion: "TLSv1.2" } as const;
  const [certFile, keyFile] = [`${certOption} ${cert}`, `${keyOption} ${key}`];
  refuseUnless(`${certFile} is no certificate in PEM`, () => new X509Certificate(tls.cert));
  refuseUnless(`${keyFile} is no private key in PEM without a passphrase`, () => createPrivateKey(tls.key));
  refuseUnless(`${keyFile} is not the key of ${certFile}`, () => {
    if (!new X509Certificate(tls.cert).checkPrivateKey(createPrivateKey(tls.key))) throw new Error("key mismatch");
  });
  refuseUnless(`${certFile} and ${keyFile} cannot be used for TLS`, () => createSecureContext(tls));
  return tls;
}

/** OpenSSL's own words say what it was looking for, not what is wrong. @throws CommandError */
function refuseUnless(problem: string, check: () => unknown): void {
  try {
    check();
  } catch (cause) {
    throw new CommandError(problem, { cause });
  }
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CommandError(`cannot read ${file}: ${systemReason(cause)}`, { cause });
  }
}
