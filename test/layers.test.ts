import { describe, expect, test } from "vitest";
import { findCycles } from "./architecture/cycles.ts";
import type { ForbiddenName, Layer } from "./architecture/layers.ts";
import { findViolations, importGraph } from "./architecture/layers.ts";
import { repositorySources } from "./architecture/source-files.ts";

/** Time, chance and waiting come in through `shared/storage/environment.ts`, so that simulation can drive them. */
const clocksAndChance: readonly ForbiddenName[] = [
  { name: "Date.now", pattern: /\bDate\s*\.\s*now\b/g },
  { name: "new Date()", pattern: /\bnew\s+Date\s*\(\s*\)/g },
  { name: "Math.random", pattern: /\bMath\s*\.\s*random\b/g },
  { name: "performance", pattern: /(?<![\w$.])performance\s*\./g },
  { name: "setTimeout", pattern: /(?<![\w$.])setTimeout\b/g },
  { name: "setInterval", pattern: /(?<![\w$.])setInterval\b/g },
  { name: "setImmediate", pattern: /(?<![\w$.])setImmediate\b/g },
  { name: "AbortSignal.timeout", pattern: /\bAbortSignal\s*\.\s*timeout\b/g },
  { name: "crypto", pattern: /(?<![\w$.])crypto\s*\./g },
  { name: "randomUUID", pattern: /\brandomUUID\b/g },
  { name: "globalThis", pattern: /\bglobalThis\b/g },
];

/** What only one host offers: the core runs wherever the language does. */
const host: readonly ForbiddenName[] = [
  { name: "process", pattern: /(?<![\w$.])process\s*\./g },
  { name: "Buffer", pattern: /(?<![\w$.])Buffer\b/g },
  { name: "console", pattern: /(?<![\w$.])console\s*\./g },
  { name: "fetch", pattern: /(?<![\w$.])fetch\s*\(/g },
];

const pure = [...clocksAndChance, ...host];
const shared = ["lowest", "compression", "ports", "core", "api errors", "api", "services"];
const adapters = ["node environment", "embedded", "memory", "aws layout", "aws"];

/** DESIGN section 8 and docs/decisions/0001: lowest first; a layer may import only what stands above it here. */
const layers: readonly Layer[] = [
  // vitest.config.ts, and what others read as data: package.json, openapi.json.
  { name: "root", files: ["*"], mayImport: [], packages: "any" },
  {
    name: "lowest",
    files: ["shared/limits.ts", "shared/limits/**", "shared/brand.ts", "shared/record/**", "shared/metrics/**"],
    mayImport: [],
    packages: [],
    forbiddenNames: pure,
  },
  {
    name: "compression",
    files: ["shared/compression/**"],
    mayImport: ["lowest"],
    packages: ["node:buffer", "node:stream", "node:util", "node:zlib", "snappyjs"],
  },
  {
    name: "ports",
    files: ["shared/storage/*"],
    mayImport: ["lowest"],
    packages: [],
    forbiddenNames: pure,
  },
  {
    name: "core",
    files: [
      "shared/log/**",
      "shared/partition/**",
      "shared/tree/**",
      "shared/topics/**",
      "shared/coordination/**",
      "shared/groups/**",
      "shared/transactions/**",
    ],
    mayImport: ["lowest", "ports"],
    packages: [],
    forbiddenNames: pure,
  },
  // Beside the errors what a service itself sends.
  {
    name: "api errors",
    files: ["shared/api/errors.ts", "shared/api/push-messages.ts"],
    mayImport: ["lowest"],
    packages: [],
  },
  {
    // Prices, and what a load uses.
    name: "cost",
    files: ["shared/cost/**"],
    mayImport: ["lowest", "ports"],
    packages: [],
    forbiddenNames: pure,
  },
  { name: "api", files: ["shared/api/**"], mayImport: ["lowest", "api errors"], packages: ["zod"] },
  {
    name: "openapi generator",
    files: ["shared/api/generate-openapi.ts"],
    mayImport: ["lowest", "api errors", "api"],
    packages: ["node:*", "zod"],
  },
  {
    name: "services",
    files: ["shared/services/**"],
    mayImport: ["lowest", "compression", "ports", "core", "api errors"],
    packages: ["re2js"],
    forbiddenNames: clocksAndChance,
  },
  {
    // Clock, chance and timers of a process on Node, for the stores that have none of their own.
    name: "node environment",
    files: ["shared/storage/node/**"],
    mayImport: ["lowest", "ports"],
    packages: ["node:crypto", "node:perf_hooks"],
  },
  {
    name: "embedded",
    files: ["shared/storage/embedded/**"],
    mayImport: ["lowest", "ports", "node environment"],
    packages: ["node:*", "lmdb"],
  },
  {
    name: "memory",
    files: ["shared/storage/memory/**"],
    mayImport: ["lowest", "ports", "node environment"],
    packages: ["node:*"],
  },
  {
    // How things lie in the tables and the queue: names and pure codecs, by which infra declares them.
    name: "aws layout",
    files: [
      "shared/storage/aws/disposable-tag.ts",
      "shared/storage/aws/duty-message.ts",
      "shared/storage/aws/item-attributes.ts",
      "shared/storage/aws/log-entry-item.ts",
      "shared/storage/aws/schedule-names.ts",
      "shared/storage/aws/stored-values.ts",
    ],
    mayImport: ["lowest", "ports"],
    packages: ["@aws-sdk/client-dynamodb"],
    forbiddenNames: clocksAndChance,
  },
  {
    name: "aws",
    files: ["shared/storage/aws/**"],
    mayImport: ["lowest", "ports", "node environment", "aws layout"],
    packages: ["node:*", "@aws-sdk/*", "@smithy/*"],
  },
  {
    name: "client",
    files: ["client/**"],
    mayImport: ["lowest", "compression", "api errors", "api"],
    packages: ["@smithy/*", "@aws-sdk/credential-*", "node:crypto", "node:http", "node:https", "node:timers/promises"],
  },
  {
    // Workloads and the checkers of what they saw: they run under simulated time as well, and over any client.
    name: "verify",
    files: ["verify/**"],
    mayImport: ["lowest", "ports", "api errors"],
    packages: [],
    forbiddenNames: pure,
  },
  {
    name: "functions",
    files: ["functions/**"],
    mayImport: [...shared, "node environment", "memory", "aws layout", "aws", "root"],
    packages: ["node:*", "@aws-lambda-powertools/*", "@aws-sdk/*", "@middy/*", "@smithy/*", "aws-lambda", "zod"],
  },
  {
    name: "gateway",
    files: ["gateway/**"],
    mayImport: [...shared, ...adapters, "functions", "root"],
    packages: "any",
  },
  {
    name: "local",
    files: ["local/**"],
    mayImport: [
      ...shared,
      ...adapters,
      "cost",
      "openapi generator",
      "client",
      "verify",
      "functions",
      "gateway",
      "root",
    ],
    packages: "any",
  },
  {
    name: "infra",
    files: ["infra/**"],
    mayImport: ["lowest", "cost", "ports", "aws layout", "api errors", "api", "root"],
    packages: ["node:*", "aws-cdk-lib", "cdk-nag", "constructs", "esbuild", "zod"],
  },
  { name: "bench", files: ["bench/**"], mayImport: "any", packages: "any" },
  // They are read beside the code, and import nothing of it.
  { name: "models", files: ["models/**"], mayImport: [], packages: ["node:*"] },
  { name: "examples", files: ["examples/**"], mayImport: "any", packages: "any" },
  { name: "test", files: ["test/**"], mayImport: "any", packages: "any" },
];

const sources = repositorySources();

/** What the rules say of a file that holds just this line. */
function problemsOf(file: string, line: string): string[] {
  return findViolations(new Map([[file, line]]), layers).map((violation) => violation.message);
}

describe("the repository", () => {
  test("imports point down, and no layer uses a name that it must not", () => {
    const violations = findViolations(sources, layers);
    expect(violations.map(({ file, line, message }) => `${file}:${line} ${message}`)).toEqual([]);
  });

  test("has no import cycles", () => {
    const cycles = findCycles(importGraph(sources));
    expect(cycles.map((cycle) => [...cycle, cycle[0]].join(" -> "))).toEqual([]);
  });

  test("has sources in the layers that everything stands on", () => {
    expect([...sources.keys()]).toEqual(
      expect.arrayContaining(["shared/limits.ts", "shared/brand.ts", "shared/storage/log-store.ts"]),
    );
  });
});

describe("the table", () => {
  test("lets each layer import only layers that stand above it in the table", () => {
    const names = layers.map((layer) => layer.name);
    for (const [index, { name, mayImport }] of layers.entries()) {
      if (mayImport !== "any") expect(names.slice(0, index), name).toEqual(expect.arrayContaining([...mayImport]));
    }
  });

  test.each([
    ["shared/record/x.ts", 'import { crc32 } from "node:zlib";', "lowest must not import node:zlib"],
    ["shared/brand.ts", 'import type { A } from "./storage/log-store.ts";', "shared/storage/log-store.ts (ports)"],
    ["shared/storage/x.ts", 'import type { A } from "../log/x.ts";', "ports must not import shared/log/x.ts (core)"],
    ["shared/storage/new-one/x.ts", "", "belongs to no layer"],
    ["shared/log/x.ts", 'import { createHash } from "node:crypto";', "core must not import node:crypto"],
    ["shared/tree/x.ts", 'import * as z from "zod";', "core must not import zod"],
    ["shared/groups/x.ts", 'import { s } from "../services/x.ts";', "shared/services/x.ts (services)"],
    ["shared/partition/x.ts", 'import { s } from "../compression/x.ts";', "shared/compression/x.ts (compression)"],
    ["shared/partition/x.ts", 'import { s } from "../storage/memory/x.ts";', "shared/storage/memory/x.ts (memory)"],
    ["shared/api/x.ts", 'import { s } from "node:fs";', "api must not import node:fs"],
    ["shared/api/errors.ts", 'import * as z from "zod";', "api errors must not import zod"],
    ["shared/services/x.ts", 'import { S3Client } from "@aws-sdk/client-s3";', "must not import @aws-sdk/client-s3"],
    ["shared/services/x.ts", 'import { s } from "node:crypto";', "services must not import node:crypto"],
    ["shared/services/x.ts", 'import { s } from "../api/topics.ts";', "shared/api/topics.ts (api)"],
    ["shared/services/x.ts", 'import { s } from "../storage/aws/x.ts";', "shared/storage/aws/x.ts (aws)"],
    ["shared/storage/aws/x.ts", 'import { open } from "lmdb";', "aws must not import lmdb"],
    ["shared/storage/memory/x.ts", 'import { s } from "../../log/x.ts";', "shared/log/x.ts (core)"],
    ["shared/storage/embedded/x.ts", 'import { s } from "../memory/x.ts";', "shared/storage/memory/x.ts (memory)"],
    ["verify/x.ts", 'import { s } from "../shared/services/x.ts";', "shared/services/x.ts (services)"],
    ["functions/x.ts", 'import { open } from "lmdb";', "functions must not import lmdb"],
    ["functions/x.ts", 'import { s } from "../shared/storage/embedded/x.ts";', "x.ts (embedded)"],
    ["functions/x.ts", 'import { s } from "../client/index.ts";', "client/index.ts (client)"],
    ["gateway/x.ts", 'import { s } from "../client/index.ts";', "client/index.ts (client)"],
    ["local/x.ts", 'import { s } from "../test/x.ts";', "test/x.ts (test)"],
    ["local/x.ts", 'import { s } from "../infra/app.ts";', "infra/app.ts (infra)"],
    ["client/x.ts", 'import { s } from "../shared/services/x.ts";', "shared/services/x.ts (services)"],
    ["client/x.ts", 'import { S3Client } from "@aws-sdk/client-s3";', "client must not import @aws-sdk/client-s3"],
    ["verify/x.ts", 'import { s } from "../client/index.ts";', "client/index.ts (client)"],
    ["verify/x.ts", "const now = performance.now();", "verify must not use performance"],
    ["infra/x.ts", 'import { s } from "../shared/storage/aws/aws-storage.ts";', "aws-storage.ts (aws)"],
    ["infra/x.ts", 'import { s } from "../shared/services/x.ts";', "shared/services/x.ts (services)"],
    ["shared/log/x.ts", "const now = Date.now();", "core must not use Date.now"],
    ["shared/record/x.ts", "const id = crypto.randomUUID();", "lowest must not use crypto"],
    ["shared/tree/x.ts", "await new Promise((done) => setTimeout(done, 5));", "core must not use setTimeout"],
    ["shared/services/x.ts", "const n = Math.random();", "services must not use Math.random"],
    ["shared/log/x.ts", "const bytes = Buffer.alloc(1);", "core must not use Buffer"],
  ])("refuses in %s: %s", (file, line, message) => {
    expect(problemsOf(file, line)).toContainEqual(expect.stringContaining(message));
  });

  test.each([
    ["shared/record/x.ts", 'import { messageBytesMax } from "../limits.ts";'],
    ["shared/compression/x.ts", 'import { gunzipSync } from "node:zlib";'],
    ["shared/log/x.ts", 'import type { LogStore } from "../storage/log-store.ts";'],
    ["shared/services/x.ts", 'import { s } from "../compression/x.ts";'],
    ["shared/services/x.ts", 'import { ServiceError } from "../api/errors.ts";'],
    ["shared/services/x.ts", "const text = Buffer.from(bytes).toString();"],
    ["shared/storage/embedded/x.ts", 'import { open } from "lmdb";'],
    ["shared/storage/aws/x.ts", 'import { S3Client } from "@aws-sdk/client-s3";'],
    ["functions/x.ts", 'import { s } from "../shared/storage/aws/x.ts";'],
    ["local/x.ts", 'import { s } from "../client/index.ts";'],
    ["local/x.ts", 'import { s } from "../verify/x.ts";'],
    ["verify/x.ts", 'import type { Clock } from "../shared/storage/environment.ts";'],
    ["local/bin/streamkeeper.js", 'import { s } from "../../package.json" with { type: "json" };'],
    ["client/x.ts", 'import { encode } from "../shared/record/x.ts";'],
    ["infra/x.ts", 'import { ttlAttribute } from "../shared/storage/aws/log-entry-item.ts";'],
    ["infra/x.ts", 'import { Stack } from "aws-cdk-lib/aws-s3";'],
    ["test/x.ts", 'import { s } from "../infra/app.ts";'],
    ["shared/log/x.ts", "const now = clock.wallMs(); await timers.sleep(now);"],
  ])("allows in %s: %s", (file, line) => {
    expect(problemsOf(file, line)).toEqual([]);
  });

  test("finds a wrong import that is planted in the repository itself", () => {
    const planted = new Map(sources);
    planted.set("shared/limits.ts", `${sources.get("shared/limits.ts")}\nexport { open } from "lmdb";\n`);
    expect(findViolations(planted, layers)).toContainEqual(
      expect.objectContaining({ file: "shared/limits.ts", message: "lowest must not import lmdb" }),
    );
  });

  test("finds a cycle that is planted in the repository itself", () => {
    const planted = new Map(sources);
    const store = sources.get("shared/storage/log-store.ts");
    planted.set("shared/storage/log-store.ts", `${store}\nimport type { Storage } from "./storage.ts";\n`);
    expect(findCycles(importGraph(planted))).toContainEqual(
      expect.arrayContaining(["shared/storage/log-store.ts", "shared/storage/storage.ts"]),
    );
  });
});
