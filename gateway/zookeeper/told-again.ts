/**
 * What a client that comes back was told by its requests to set watches again: its library sends several where there are many
 * watches, and what two of them are about is to be told once.
 */
import type { ZxidEvents } from "../../shared/tree/recent-changes.ts";
import type { TreeEvent, WatchScope } from "../../shared/tree/tree-events.ts";
import { modeOfScope, type Watcher, WatchTable } from "./watch-table.ts";

export interface HappenedEvent {
  readonly event: TreeEvent;
  readonly zxid: number;
}

export class ToldAgain {
  #since = 0;
  /** Persistent ones, whose events since then have been told. */
  #watches = new WatchTable();
  /** Events that were told in the place of others, by type and path: with the zxid of the tree then. */
  #inPlace = new Map<string, number>();
  #isCovered = false;
  readonly #probe: Watcher = { notify: () => (this.#isCovered = true) };

  /** What was told since another zxid does not count. */
  begin(since: number): void {
    if (since === this.#since) return;
    this.#since = since;
    this.#watches = new WatchTable();
    this.#inPlace = new Map();
  }

  /** Whether persistent watches have told of anything. */
  get hasTold(): boolean {
    return this.#watches.count > 0;
  }

  /** Of these changes what persistent watches have told of. */
  covered(changes: readonly ZxidEvents[]): readonly HappenedEvent[] {
    if (!this.hasTold) return [];
    return changes.flatMap(({ zxid, events }) =>
      events.filter((event) => this.#covers(event)).map((event) => ({ event, zxid })),
    );
  }

  /**
   * Those of `happened` that were not told.
   *
   * @param isGuessed they stand for all that may have happened, of which a watch above a znode has not told
   */
  untold(happened: readonly HappenedEvent[], isGuessed: boolean): readonly HappenedEvent[] {
    return this.#withoutReplaced(isGuessed ? happened : happened.filter(({ event }) => !this.#covers(event)));
  }

  /** Persistent watches whose events are told. */
  add(scopes: readonly WatchScope[]): void {
    for (const scope of scopes) this.#watches.add(this.#probe, scope.path, modeOfScope(scope));
  }

  /** Events that are told in the place of others. */
  replace(told: readonly HappenedEvent[]): void {
    for (const { event, zxid } of told) this.#inPlace.set(keyOf(event), zxid);
  }

  /**
   * The first of its kind goes for the one that was told in its place: the last that is told of a znode has to be the last that
   * happened to it.
   */
  #withoutReplaced(happened: readonly HappenedEvent[]): readonly HappenedEvent[] {
    const gone = new Set<string>();
    return happened.filter(({ event, zxid }) => {
      const key = keyOf(event);
      if (gone.has(key) || zxid > (this.#inPlace.get(key) ?? -1)) return true;
      gone.add(key);
      return false;
    });
  }

  #covers(event: TreeEvent): boolean {
    this.#isCovered = false;
    this.#watches.tell(event, 0);
    return this.#isCovered;
  }
}

function keyOf({ type, path }: TreeEvent): string {
  return `${type} ${path}`;
}
