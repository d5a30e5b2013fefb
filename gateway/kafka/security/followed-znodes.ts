/**
 * What lies below one znode, kept in memory and up to date: read once, then changed as the tree's changes say. Looking at it
 * asks nothing of the store.
 */

import { changesLimitMax, fetchWaitMsMax, pollMsMax } from "../../../shared/limits.ts";
import { securityZnodesMax } from "../../../shared/limits/kafka-security.ts";
import type { CallContext, ChangesAnswer } from "../../../shared/services/coordination.ts";
import type { Services } from "../../../shared/services/services.ts";
import type { Timers } from "../../../shared/storage/environment.ts";
import { hasCode } from "./change-znode.ts";

export interface TreeAccess {
  readonly services: Pick<Services, "znodes" | "changes">;
  readonly namespace: string;
  readonly timers: Timers;
  /** Whether only gateways and the superuser are to write what they write. Default false. */
  readonly isGuarded?: boolean;
}

/** The gateway itself, which no access control list of a znode binds. */
export function gatewayContext(namespace: string): CallContext {
  return { namespace, identities: [{ scheme: "super", id: "" }] };
}

const childrenPage = 1_000;

export class FollowedZnodes {
  readonly #access: TreeAccess;
  readonly #context: CallContext;
  readonly #root: string;
  #data = new Map<string, Uint8Array>();
  #changeCount = 0;
  #isCut = false;
  #started: Promise<void> | undefined;

  constructor(access: TreeAccess, root: string) {
    this.#access = access;
    this.#context = gatewayContext(access.namespace);
    this.#root = root;
  }

  /** Grows with every change, so that what was made of the znodes can be made anew. */
  get changeCount(): number {
    return this.#changeCount;
  }

  /** Whether there are more znodes than `securityZnodesMax`, so that some are left out. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** By path; those without data are left out. */
  get data(): ReadonlyMap<string, Uint8Array> {
    return this.#data;
  }

  /**
   * Resolves once everything was read; from then on it is followed until the signal aborts.
   *
   * @throws ServiceError KAFKA_STORAGE_ERROR | UNKNOWN_NAMESPACE: call it again
   */
  start(signal: AbortSignal): Promise<void> {
    this.#started ??= this.#load(signal).then(
      (since) => void this.#follow(since, signal),
      (cause: unknown) => {
        this.#started = undefined;
        throw cause;
      },
    );
    return this.#started;
  }

  /** Takes over one znode as it is at `zxid` or later: what this process has just written. */
  async refresh(path: string, zxid: number): Promise<void> {
    this.#put(path, await this.#read(path, zxid));
  }

  async #read(path: string, minZxid: number): Promise<Uint8Array | null> {
    try {
      return (await this.#access.services.znodes.getData(this.#context, path, { minZxid })).data;
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
      return null;
    }
  }

  #put(path: string, data: Uint8Array | null): void {
    this.#changeCount += 1;
    if (!keep(this.#data, path, data)) this.#isCut = true;
  }

  /** What was known holds until all is read. @returns where to follow from */
  async #load(signal: AbortSignal): Promise<number> {
    const since = (await this.#changes({}, signal)).zxid;
    const data = new Map<string, Uint8Array>();
    let isCut = false;
    const paths = [this.#root];
    for (let path = paths.pop(); path !== undefined && !isCut; path = paths.pop()) {
      isCut = !keep(data, path, await this.#read(path, since));
      paths.push(...(await this.#children(path, since)));
    }
    this.#data = data;
    this.#isCut = isCut;
    this.#changeCount += 1;
    return since;
  }

  async #children(path: string, minZxid: number): Promise<readonly string[]> {
    const found: string[] = [];
    let page: { readonly limit: number; readonly nextToken?: string } | undefined = { limit: childrenPage };
    try {
      while (page !== undefined && found.length < securityZnodesMax) {
        const read: { readonly children: readonly string[]; readonly nextToken?: string } =
          await this.#access.services.znodes.getChildren(this.#context, path, page, { minZxid });
        for (const name of read.children) found.push(`${path}/${name}`);
        page = read.nextToken === undefined ? undefined : { limit: childrenPage, nextToken: read.nextToken };
      }
    } catch (error) {
      if (!hasCode(error, "NO_NODE")) throw error;
    }
    return found;
  }

  /** Until the signal aborts. What goes wrong is tried again; meanwhile the last that is known holds. */
  async #follow(from: number, signal: AbortSignal): Promise<void> {
    let since: number | undefined = from;
    while (!signal.aborted) {
      try {
        since ??= await this.#load(signal);
        const answer: ChangesAnswer = await this.#changes({ since }, signal);
        for (const path of new Set(answer.events.map((event) => event.path))) await this.refresh(path, answer.zxid);
        since = answer.zxid;
      } catch (error) {
        // Too far behind, or another tree under the same name: everything is read again.
        if (hasCode(error, "OFFSET_OUT_OF_RANGE")) since = undefined;
        await this.#pause(signal);
      }
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    try {
      await this.#access.timers.sleep(pollMsMax, signal);
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  }

  async #changes(from: { readonly since?: number }, signal: AbortSignal): Promise<ChangesAnswer> {
    return await this.#access.services.changes.changes(this.#context, {
      ...from,
      path: this.#root,
      recursive: true,
      limit: changesLimitMax,
      waitMs: fetchWaitMsMax,
      signal,
    });
  }
}

/** False where there is no room for one more. */
function keep(known: Map<string, Uint8Array>, path: string, data: Uint8Array | null): boolean {
  if (data === null || data.length === 0) {
    known.delete(path);
    return true;
  }
  const hasRoom = known.size < securityZnodesMax || known.has(path);
  if (hasRoom) known.set(path, data);
  return hasRoom;
}
