/** Which connections of a gateway watch which znodes, as ZooKeeper's two watch managers keep it. */
import {
  watchCharsMax,
  watchCharsOfConnectionMax,
  watchesMax,
  watchesOfConnectionMax,
} from "../../shared/limits/zookeeper-gateway.ts";
import { znodePathCharsMax } from "../../shared/limits.ts";
import { parentOf, rootPath } from "../../shared/tree/paths.ts";
import type { TreeEvent, WatchScope } from "../../shared/tree/tree-events.ts";

/** Several may hold for one path, added up. */
export const watchMode = { data: 1, child: 2, persistent: 4, recursive: 8 } as const;
const everyMode = 15;

export function modeOfScope({ recursive }: WatchScope): number {
  return recursive ? watchMode.recursive : watchMode.persistent;
}

/** Who is told, in the order of what happened; must not throw. */
export interface Watcher {
  notify(event: TreeEvent, zxid: number): void;
}

interface Watched {
  readonly paths: Set<string>;
  /** Of all paths. */
  chars: number;
}

export class WatchTable {
  readonly #byPath = new Map<string, Map<Watcher, number>>();
  readonly #byWatcher = new Map<Watcher, Watched>();
  #count = 0;
  #chars = 0;
  #recursiveCount = 0;

  /** Pairs of a watcher and a path. */
  get count(): number {
    return this.#count;
  }

  get watcherCount(): number {
    return this.#byWatcher.size;
  }

  /** Paths with their watchers and modes, to be looked at and not kept. */
  get byPath(): ReadonlyMap<string, ReadonlyMap<Watcher, number>> {
    return this.#byPath;
  }

  /** False, and nothing is done, where there are too many watches already. */
  add(watcher: Watcher, path: string, mode: number): boolean {
    const watchers = this.#byPath.get(path);
    const modes = watchers?.get(watcher) ?? 0;
    if (modes === 0 && !this.#remember(watcher, path)) return false;
    if (watchers === undefined) this.#byPath.set(path, new Map([[watcher, mode]]));
    else watchers.set(watcher, modes | mode);
    if ((mode & watchMode.recursive) !== 0 && (modes & watchMode.recursive) === 0) this.#recursiveCount += 1;
    return true;
  }

  /** Whether `watcher` watches `path` in one of the modes. */
  has(watcher: Watcher, path: string, modes: number): boolean {
    return ((this.#byPath.get(path)?.get(watcher) ?? 0) & modes) !== 0;
  }

  /** False where it did not watch `path` in one of the modes. */
  remove(watcher: Watcher, path: string, modes: number): boolean {
    if (!this.has(watcher, path, modes)) return false;
    this.#clear(watcher, path, modes);
    return true;
  }

  /** All of a watcher's. */
  forget(watcher: Watcher): void {
    for (const path of this.#byWatcher.get(watcher)?.paths ?? []) this.#clear(watcher, path, everyMode);
  }

  /** Tells whoever watches; watches that hold once are gone then. */
  tell(event: TreeEvent, zxid: number): void {
    const isOfChildren = event.type === "NodeChildrenChanged";
    const once = onceFor(event.type);
    const lasting = isOfChildren ? watchMode.persistent : watchMode.persistent | watchMode.recursive;
    const told = new Set<Watcher>();
    for (const [watcher, modes] of this.#byPath.get(event.path) ?? []) {
      if ((modes & (once | lasting)) === 0) continue;
      if ((modes & once) !== 0) this.#clear(watcher, event.path, once);
      told.add(watcher);
    }
    if (!isOfChildren && this.#recursiveCount > 0) this.#addRecursive(event.path, told);
    for (const watcher of told) watcher.notify(event, zxid);
  }

  #addRecursive(path: string, told: Set<Watcher>): void {
    for (let above = path; above !== rootPath;) {
      above = parentOf(above);
      for (const [watcher, modes] of this.#byPath.get(above) ?? []) {
        if ((modes & watchMode.recursive) !== 0) told.add(watcher);
      }
    }
  }

  #remember(watcher: Watcher, path: string): boolean {
    const { length } = path;
    const watched = this.#byWatcher.get(watcher) ?? { paths: new Set(), chars: 0 };
    const isTooMuch =
      watched.paths.size >= watchesOfConnectionMax || watched.chars + length > watchCharsOfConnectionMax;
    if (isTooMuch || this.#count >= watchesMax || this.#chars + length > watchCharsMax) return false;
    if (length > znodePathCharsMax) return false;
    watched.paths.add(path);
    watched.chars += length;
    this.#byWatcher.set(watcher, watched);
    this.#count += 1;
    this.#chars += length;
    return true;
  }

  #clear(watcher: Watcher, path: string, cleared: number): void {
    const watchers = this.#byPath.get(path);
    const modes = watchers?.get(watcher);
    if (watchers === undefined || modes === undefined) return;
    if ((modes & cleared & watchMode.recursive) !== 0) this.#recursiveCount -= 1;
    const left = modes & ~cleared;
    if (left !== 0) {
      watchers.set(watcher, left);
      return;
    }
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
    this.#count -= 1;
    this.#chars -= path.length;
    const watched = this.#byWatcher.get(watcher);
    if (watched === undefined) return;
    watched.paths.delete(path);
    watched.chars -= path.length;
    if (watched.paths.size === 0) this.#byWatcher.delete(watcher);
  }
}

/** The modes of watches that hold once and tell of it. */
export function onceFor(type: TreeEvent["type"]): number {
  if (type === "NodeChildrenChanged") return watchMode.child;
  return type === "NodeDeleted" ? watchMode.data | watchMode.child : watchMode.data;
}
