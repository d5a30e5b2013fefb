/** Random operations that meet each other, from a seed: few names, many modes, right and wrong versions, broken paths. */
import { SeededRandom } from "../../../shared/storage/memory/seeded-random.ts";
import type { Acl } from "../../../shared/tree/acl.ts";
import type { CreateMode } from "../../../shared/tree/tree-request.ts";

export interface CreateStep {
  readonly kind: "create";
  readonly path: string;
  readonly data: Uint8Array | null;
  readonly mode: CreateMode;
  readonly acl: readonly Acl[];
  readonly ttlMs?: number;
}

export type WriteStep =
  | CreateStep
  | { readonly kind: "delete" | "check"; readonly path: string; readonly version: number }
  | { readonly kind: "setData"; readonly path: string; readonly data: Uint8Array | null; readonly version: number };

export type Step =
  | WriteStep
  | { readonly kind: "setAcl"; readonly path: string; readonly acl: readonly Acl[]; readonly version: number }
  | {
      readonly kind: "getData" | "exists" | "getAcl" | "getChildren" | "ephemerals" | "count";
      readonly path: string;
    }
  | { readonly kind: "multi"; readonly steps: readonly WriteStep[] }
  | {
      readonly kind: "multiRead";
      readonly steps: readonly { readonly kind: "getData" | "getChildren"; readonly path: string }[];
    };

export class Generator {
  readonly #random: SeededRandom;
  readonly #digests: readonly string[];

  /** @param digests ids of users that lists may name */
  constructor(seed: number, digests: readonly string[]) {
    this.#random = new SeededRandom(seed);
    this.#digests = digests;
  }

  below(count: number): number {
    return this.#random.uint32() % count;
  }

  step(): Step {
    const roll = this.below(100);
    if (roll < 20) return this.#create();
    if (roll < 38) return { kind: "delete", path: this.#path(), version: this.#version() };
    if (roll < 48) return this.#setData();
    if (roll < 52) return { kind: "setAcl", path: this.#path(), acl: this.#acl(), version: this.#version() };
    if (roll < 62) return { kind: "getData", path: this.readPath() };
    if (roll < 70) return { kind: "exists", path: this.readPath() };
    if (roll < 78) return { kind: "getChildren", path: this.readPath() };
    if (roll < 81) return { kind: "getAcl", path: this.readPath() };
    if (roll < 83) return { kind: "ephemerals", path: this.readPath() };
    if (roll < 85) return { kind: "count", path: this.readPath() };
    if (roll < 95) return { kind: "multi", steps: Array.from({ length: this.below(6) }, () => this.#writeStep()) };
    return {
      kind: "multiRead",
      steps: Array.from({ length: this.below(4) }, () => ({
        kind: this.#pick(["getData", "getChildren"] as const),
        path: this.readPath(),
      })),
    };
  }

  #writeStep(): WriteStep {
    const roll = this.below(10);
    if (roll < 4) return this.#create();
    if (roll < 6) return { kind: "delete", path: this.#path(), version: this.#version() };
    return roll < 9 ? this.#setData() : { kind: "check", path: this.#path(), version: this.#version() };
  }

  #create(): CreateStep {
    const mode = this.#pick<CreateMode>([
      "persistent",
      "persistent",
      "persistent",
      "persistent",
      "persistent_sequential",
      "ephemeral",
      "ephemeral",
      "ephemeral_sequential",
      "container",
      "persistent_with_ttl",
      "persistent_sequential_with_ttl",
    ]);
    const common = { kind: "create", path: this.#path(), data: this.#data(), mode, acl: this.#acl() } as const;
    if (!mode.endsWith("_with_ttl")) return common;
    return { ...common, ttlMs: this.#pick([1, 1_000_000_000, 1_099_511_627_775, 0, -1, 1_099_511_627_776]) };
  }

  #setData(): WriteStep {
    return { kind: "setData", path: this.#path(), data: this.#data(), version: this.#version() };
  }

  #path(): string {
    const roll = this.below(200);
    if (roll === 0) return this.#pick(["", "a", "/a/", "//", "/a//b", "/.", "/a/..", "/a/./b", "/a\u0000", "/\u0001"]);
    if (roll < 4) return this.#pick(["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config", "/zookeeper/x"]);
    return this.readPath();
  }

  /** Always well formed: what a client library sends. */
  readPath(): string {
    const roll = this.below(40);
    if (roll === 0) return this.#pick(["/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"]);
    const depth = this.#pick([1, 1, 1, 2, 2, 3, 4]);
    const names = Array.from({ length: depth }, () => this.#name());
    return `/${names.join("/")}`;
  }

  #name(): string {
    return this.below(12) === 0 ? `s-${String(this.below(4)).padStart(10, "0")}` : this.#pick(["a", "b", "c", "s-"]);
  }

  #data(): Uint8Array | null {
    const roll = this.below(20);
    if (roll === 0) return null;
    if (roll === 1) return new Uint8Array(0);
    if (roll === 2) return new Uint8Array(this.below(3_000)).fill(roll);
    return Uint8Array.of(this.below(256), this.below(256));
  }

  #version(): number {
    return this.#pick([-1, -1, -1, -1, -1, 0, 0, 1, 2, -2]);
  }

  #acl(): readonly Acl[] {
    const open = { permissions: 31, scheme: "world", id: "anyone" };
    const roll = this.below(60);
    if (roll < 52) return [open];
    const digest = { permissions: this.#pick([31, 1, 3, 15]), scheme: "digest", id: this.#pick(this.#digests) };
    switch (roll) {
      case 52:
        return [{ permissions: 31, scheme: "auth", id: "" }];
      case 53:
        return [digest, { permissions: 1, scheme: "world", id: "anyone" }];
      case 54:
        return [digest];
      case 55:
        return [open, open, digest];
      case 56:
        return [
          { permissions: this.#pick([31, 13]), scheme: "ip", id: this.#pick(["127.0.0.0/8", "10.0.0.1"]) },
          digest,
        ];
      case 57:
        return this.#pick([
          [],
          [{ permissions: 31, scheme: "digest", id: "nobody" }],
          [{ permissions: 31, scheme: "ip", id: "300.0.0.1" }],
          [{ permissions: 31, scheme: "ip", id: "10.0.0.1/33" }],
          [{ permissions: 31, scheme: "world", id: "someone" }],
          [{ permissions: 31, scheme: "unheard-of", id: "x" }],
        ]);
      case 58:
        return [{ permissions: 1, scheme: "world", id: "anyone" }];
      default:
        return [
          { permissions: 0, scheme: "world", id: "anyone" },
          { ...digest, permissions: 31 },
        ];
    }
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }
}
