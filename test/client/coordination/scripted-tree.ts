import { setImmediate as turn } from "node:timers/promises";
import { GetChangesCommand, NoAnswerException, StreamkeeperServiceException } from "../../../client/index.ts";
import type { Command, CommandSender, GetChangesInput, SendOptions, ZnodeEvent } from "../../../client/index.ts";

interface Pages {
  readonly events: readonly ZnodeEvent[];
  readonly zxid: number;
}

/**
 * The changes of a tree as the service tells them, without the service: `happen` makes events, everything else that is read
 * answers the latest zxid.
 */
export class ScriptedTree implements CommandSender {
  readonly asked: GetChangesInput[] = [];
  readonly events: ZnodeEvent[] = [];
  /** More events of one zxid than these do not fit an answer. */
  eventsPerAnswerMax = Infinity;
  zxid = 0;
  /** The first `since` that can be served. */
  oldestZxid = 0;
  /** Called before a request is answered: it may wait, or throw what the request fails with. */
  before: (command: Command<object, object>) => Promise<void> | void = () => undefined;
  #changed = Promise.withResolvers<void>();

  happen(type: ZnodeEvent["type"], ...paths: readonly string[]): void {
    this.zxid += 1;
    for (const path of paths) this.events.push({ zxid: this.zxid, type, path });
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async send<Input extends object, Output extends object>(
    command: Command<Input, Output>,
    { abortSignal }: SendOptions = {},
  ): Promise<Output & { readonly $metadata: { readonly attempts: number; readonly totalRetryDelayMs: number } }> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(new NoAnswerException("aborted", "for a test", true));
    if (abortSignal?.aborted === true) onAbort();
    abortSignal?.addEventListener("abort", onAbort, { once: true });
    try {
      const answer = await Promise.race([this.#answer(command), aborted]);
      return { ...(answer as Output), $metadata: { attempts: 1, totalRetryDelayMs: 0 } };
    } finally {
      abortSignal?.removeEventListener("abort", onAbort);
    }
  }

  async #answer(command: Command<object, object>): Promise<object> {
    await turn();
    await this.before(command);
    if (command instanceof GetChangesCommand) return await this.#changes(command.input);
    return { zxid: this.zxid, path: "/", data: null, stat: {}, children: [] };
  }

  async #changes(input: GetChangesInput): Promise<object> {
    const { since, path = "/", recursive = false, limit = 1_000, waitMs = 0 } = input;
    if (since === undefined) return { events: [], zxid: this.zxid };
    this.asked.push(input);
    if (since < this.oldestZxid || since > this.zxid) throw this.#outOfRange();
    const { events, zxid } = this.#after(since, path, recursive, limit);
    if (events.length > this.eventsPerAnswerMax) return this.#torn(events, input.skip ?? 0);
    if (events.length > 0 || waitMs === 0) return { events, zxid };
    await this.#changed.promise;
    return await this.#changes(input);
  }

  /** As many as are asked for, and all those of the last zxid. */
  #after(since: number, path: string, recursive: boolean, limit: number): Pages {
    const events: ZnodeEvent[] = [];
    for (let at = this.#firstAfter(since); at < this.events.length; at += 1) {
      const event = this.events[at];
      if (event === undefined) break;
      const last = events.at(-1)?.zxid ?? 0;
      if (events.length >= limit && event.zxid > last) return { events, zxid: last };
      const isBelow = recursive && (path === "/" || event.path.startsWith(`${path}/`));
      if (event.path === path || isBelow) events.push(event);
    }
    return { events, zxid: this.zxid };
  }

  /** Of the first zxid what fits. */
  #torn(events: readonly ZnodeEvent[], skip: number): object {
    const zxid = events[0]?.zxid ?? 0;
    const fitting = events.filter((event) => event.zxid === zxid);
    const end = skip + this.eventsPerAnswerMax;
    if (fitting.length <= end) return { events: fitting.slice(skip), zxid };
    return { events: fitting.slice(skip, end), zxid: zxid - 1, skip: end };
  }

  #firstAfter(zxid: number): number {
    let [low, high] = [0, this.events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.events[middle]?.zxid ?? 0) <= zxid) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #outOfRange(): StreamkeeperServiceException {
    return new StreamkeeperServiceException("OFFSET_OUT_OF_RANGE", "for a test", {
      fault: "client",
      retriable: false,
      effect: "none",
      metadata: { httpStatusCode: 416 },
      details: { oldestZxid: this.oldestZxid, zxid: this.zxid },
    });
  }
}
