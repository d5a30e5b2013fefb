/** A certificate and its private key, from files that options name. */
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { CommandError } from "./command-error.ts";

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
  try {
    createSecureContext(tls);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`${certOption} ${cert} and ${keyOption} ${key} are no certificate and its key: ${reason}`, {
      cause,
    });
  }
  return tls;
}

async function contentOf(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new CommandError(`cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}
