/** What is left out of bundles, and what is kept apart in them. */
import { readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const standIn = (name: string): string => fileURLToPath(new URL(`stand-ins/${name}.ts`, import.meta.url));

/** By the path of an import, what is bundled in its place; each stand-in says why. */
const standIns: ReadonlyMap<RegExp, string> = new Map([
  [/^mnemonist\/lru-cache$/, standIn("lru-cache")],
  [/^\.\/Sha256Js$/, standIn("sha256")],
  [/^(node:)?crypto$/, standIn("node-crypto")],
  [/^(node:)?http$/, standIn("node-http")],
]);

/** What the SDK imports only in a browser, where the environment has no credentials (Lambda's has), or for streams of events. */
const neverCalled =
  /^(@aws-sdk\/credential-provider-(ini|process|sso|web-identity)|@smithy\/credential-provider-imds|@smithy\/core\/event-streams|bowser)$/;

export const withStandIns: Plugin = {
  name: "stand-ins",
  setup: (build) => {
    for (const [filter, path] of standIns) build.onResolve({ filter }, () => ({ path }));
    // Where such a module is imported statically it is needed, as the streams of events are by the S3 client.
    build.onResolve({ filter: neverCalled }, ({ kind }) =>
      kind === "dynamic-import" ? { path: standIn("not-in-lambda") } : undefined,
    );
    // Whoever writes JSON schemas imports them from elsewhere in zod.
    build.onResolve({ filter: /\/(json-schema-processors|to-json-schema)\.js$/ }, ({ importer }) =>
      importer.endsWith("/classic/schemas.js") ? { path: standIn("json-schema") } : undefined,
    );
    // Clients of the SDK tell their version, and import all else that stands beside it.
    build.onLoad({ filter: /\/@aws-sdk\/[^/]+\/package\.json$/ }, async ({ path }) => {
      const { version } = JSON.parse(await readFile(path, "utf8")) as { readonly version: string };
      return { loader: "json", contents: JSON.stringify({ version }) };
    });
  },
};

const sdkFolder = "shared/storage/aws";
const sdkFile = /([a-z0-9]+)-sdk\.ts$/;
const credentials = "@aws-sdk/credential-provider-http";

/**
 * What functions load of packages when they first need it: by the name of its file, what is bundled in it. The SDK of a service
 * stands in a file of its own, `<service>-sdk.ts`.
 */
export function laterModules(repositoryRoot: string): Readonly<Record<string, string>> {
  const files = readdirSync(join(repositoryRoot, sdkFolder)).filter((file) => sdkFile.test(file));
  const services = files.map((file) => [laterName(file), `./${sdkFolder}/${file}`] as const);
  return { ...Object.fromEntries(services), [laterName(credentials)]: credentials };
}

/** Leaves the imports of `laterModules` to Node. */
export const withoutLater: Plugin = {
  name: "later modules",
  setup: (build) => {
    for (const filter of [sdkFile, new RegExp(`^${credentials}$`)]) {
      build.onResolve({ filter }, ({ path }) => ({ path: `./${laterName(path)}.mjs`, external: true }));
    }
  },
};

function laterName(path: string): string {
  return `later-${/([a-z0-9]+)(-sdk\.ts|-provider-http)$/.exec(path)?.[1]}`;
}
