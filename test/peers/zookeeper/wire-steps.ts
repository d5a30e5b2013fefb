/** What one connection asks for, at random: the steps of `generate.ts` in all their forms on the wire, watches, and nonsense. */
import { JuteWriter } from "../../../gateway/zookeeper/protocol/jute-writer.ts";
import type { MultiPart } from "../../../gateway/zookeeper/protocol/multi.ts";
import {
  type OperationName,
  operations,
  type Request,
  type RequestOf,
} from "../../../gateway/zookeeper/protocol/operations.ts";
import { Generator, type Step } from "./generate.ts";
import { requestOf } from "./requests.ts";

export type WireStep =
  | { readonly kind: "ask"; readonly request: Request }
  /** An operation and a body that are not as they should be. */
  | { readonly kind: "raw"; readonly type: number; readonly body: Uint8Array };

/**
 * How a path is watched: always in the same way, since ZooKeeper 3.8 has one mode for each watcher and path, and a watch of
 * another mode replaces it.
 */
export type WatchKind = "once" | "persistent" | "recursive";

const watchKinds: readonly WatchKind[] = ["once", "once", "persistent", "recursive"];

export function watchKindOf(path: string): WatchKind {
  let hash = 7;
  for (const character of path) hash = (hash * 31 + character.charCodeAt(0)) % 1_000_003;
  return watchKinds[hash % watchKinds.length] ?? "once";
}

/** None of ZooKeeper's, nor of what its own servers send. */
const unknownTypes = [0, 10, 23, 99, 108, 1_000, -1, -12, 0x7fff_ffff] as const;

export class WireGenerator {
  readonly #steps: Generator;

  constructor(seed: number, digests: readonly string[]) {
    this.#steps = new Generator(seed, digests);
  }

  below(count: number): number {
    return this.#steps.below(count);
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  next(): WireStep {
    const roll = this.below(1_000);
    if (roll < 12) return this.#broken();
    if (roll < 190) return ask(this.#watching());
    if (roll < 250) return ask(this.#plain());
    return ask(this.#varied(this.#steps.step()));
  }

  unknown(): WireStep {
    return { kind: "raw", type: this.pick(unknownTypes), body: new Uint8Array(this.below(20)) };
  }

  setWatches(relativeZxid: number, lasting: boolean): RequestOf<"setWatches2"> {
    return {
      relativeZxid,
      dataWatches: this.#watched("once"),
      existWatches: this.#watched("once"),
      childWatches: this.#watched("once"),
      persistentWatches: lasting ? this.#watched("persistent") : [],
      persistentRecursiveWatches: lasting ? this.#watched("recursive") : [],
    };
  }

  /** Different ones, at most four. */
  #watched(kind: WatchKind): readonly string[] {
    const paths = Array.from({ length: this.below(12) }, () => this.#steps.readPath());
    return [...new Set(paths)].filter((path) => watchKindOf(path) === kind).slice(0, 4);
  }

  #varied(step: Step): Request {
    const request = requestOf(step);
    const coin = this.below(2) === 0;
    switch (request.kind) {
      case "create2":
        return this.#flagged({ kind: coin ? "create" : "create2", body: request.body });
      case "getChildren2":
        return { kind: coin ? "getChildren" : "getChildren2", body: this.#watchable(request.body.path) };
      case "exists":
      case "getData":
        return { kind: request.kind, body: this.#watchable(request.body.path) };
      case "multi":
        return { kind: "multi", body: request.body.map((part) => this.#variedPart(part)) };
      default:
        return request;
    }
  }

  #variedPart(part: MultiPart): MultiPart {
    return part.kind === "create2" && this.below(2) === 0 ? { kind: "create", body: part.body } : part;
  }

  /** Now and then of no mode, or of one that has an operation of its own. */
  #flagged(request: Extract<Request, { kind: "create" | "create2" }>): Request {
    const roll = this.below(200);
    if (roll < 2) return { ...request, body: { ...request.body, flags: this.pick([-1, 7, 100, 4, 5, 6]) } };
    if (roll === 2) return { kind: "createContainer", body: { ...request.body, flags: this.pick([-1, 0, 1, 5, 7]) } };
    if (roll === 3) return { kind: "createTTL", body: { ...request.body, flags: this.pick([-1, 0, 1, 4, 7]), ttl: 5 } };
    return request;
  }

  #watchable(path: string): RequestOf<"exists"> {
    return { path, watch: watchKindOf(path) === "once" && this.below(3) === 0 };
  }

  #watching(): Request {
    const path = this.#steps.readPath();
    const kind = watchKindOf(path);
    const roll = this.below(10);
    if (kind !== "once" && roll < 4) return { kind: "addWatch", body: { path, mode: kind === "persistent" ? 0 : 1 } };
    if (roll < 6) return { kind: "removeWatches", body: { path, type: kind === "once" ? 1 + this.below(3) : 3 } };
    if (roll < 7) return { kind: "checkWatches", body: { path, type: this.pick([1, 2, 3]) } };
    const body = { path, watch: kind === "once" };
    return { kind: this.pick(["exists", "getData", "getChildren", "getChildren2"] as const), body };
  }

  #plain(): Request {
    const path = this.#steps.readPath();
    switch (this.below(8)) {
      case 0:
        return { kind: "sync", body: { path } };
      case 1:
        return { kind: "ping", body: {} };
      case 2:
        return { kind: "whoAmI", body: {} };
      case 3:
        return {
          kind: "reconfig",
          body: { joiningServers: null, leavingServers: "1", newMembers: null, curConfigId: -1n },
        };
      case 4:
        // One that succeeds is never answered: ZooKeeper cannot write the answer.
        return { kind: "check", body: { path, version: 1_000 } };
      case 5:
        return { kind: "getEphemerals", body: { path: this.pick(["", "/", " / ", path, "/a"]) } };
      case 6:
        return {
          kind: this.pick(["getData", "getChildren"] as const),
          body: { path: this.#brokenPath(), watch: false },
        };
      default:
        return { kind: "setWatches", body: this.setWatches(0, false) };
    }
  }

  #brokenPath(): string {
    return this.pick(["", "a", "/a/", "//", "/a//b", "/a/..", "/./a", "/a\u0001"]);
  }

  /** A body that ends too early, goes on too long, or has a length that cannot be. */
  #broken(): WireStep {
    const request = this.#varied(this.#steps.step());
    const type = operations[request.kind].code;
    const body = bodyOf(request);
    switch (this.below(4)) {
      case 0:
        return { kind: "raw", type, body: Buffer.concat([body, new Uint8Array(1 + this.below(9))]) };
      case 1: {
        body.writeInt32BE(this.pick([-2, -100, 0x7fff_ffff, body.length]), 0);
        return request.kind === "multi" || request.kind === "multiRead"
          ? { kind: "raw", type, body: body.subarray(0, 8) }
          : { kind: "raw", type, body };
      }
      default:
        return { kind: "raw", type, body: body.subarray(0, this.below(body.length)) };
    }
  }
}

export function bodyOf({ kind, body }: Request): Buffer {
  const to = new JuteWriter().begin();
  operations[kind].request.write(to, body as never);
  return to.end().subarray(4);
}

export function nameOfStep(step: WireStep): OperationName | "raw" {
  return step.kind === "raw" ? "raw" : step.request.kind;
}

function ask(request: Request): WireStep {
  return { kind: "ask", request };
}
