/**
 * What one client is told, in the order of zxids: answers, and events of what it watches. An event is told when it happens; but
 * while an answer is under way, whose zxid may be smaller, it is held until that is known.
 */
import { type Identity, isReadByAll, mayAccess, permission } from "../../shared/tree/acl.ts";
import type { TreeEvent } from "../../shared/tree/tree-events.ts";
import type { Asked } from "./asked.ts";
import type { Gateway, LastAnswer } from "./gateway.ts";
import { errorCodes, type ZooKeeperError } from "./protocol/error-codes.ts";
import type { JuteWriter } from "./protocol/jute-writer.ts";
import { replyHeader } from "./protocol/records.ts";
import { countRequest } from "./request-metrics.ts";
import type { Traffic } from "./traffic.ts";
import type { HappenedEvent } from "./told-again.ts";
import type { Watcher } from "./watch-table.ts";

/** Writes the body of an answer. */
export type Body = (to: JuteWriter) => void;

export const noBody: Body = () => undefined;

export interface AnswersOptions {
  readonly gateway: Gateway;
  readonly address: string;
  readonly traffic: Traffic;
  readonly send: (frame: Buffer) => void;
  readonly isUnderWay: () => boolean;
}

export class Answers implements Watcher {
  /** Who the client has proven to be. */
  identities: readonly Identity[];
  readonly #options: AnswersOptions;
  readonly #held: HappenedEvent[] = [];
  #last: LastAnswer | undefined;
  /** Of the last answer. */
  #lastZxid = 0;

  constructor(options: AnswersOptions) {
    this.#options = options;
    this.identities = [{ scheme: "ip", id: options.address }];
  }

  /** The request that was answered last. */
  get last(): LastAnswer | undefined {
    return this.#last;
  }

  get lastZxid(): number {
    return this.#lastZxid;
  }

  /** What the client may be told that it has seen, where nothing else that was asked for is under way. */
  get zxid(): number {
    return Math.max(this.#lastZxid, this.#options.gateway.follower.view?.lastZxid ?? 0);
  }

  notify(event: TreeEvent, zxid: number): void {
    if (this.#options.isUnderWay()) this.#held.push({ event, zxid });
    else this.#tell(event, zxid);
  }

  /** What happened before, to be told among what is held, before the next answer. */
  hold(happened: readonly HappenedEvent[]): void {
    for (const one of happened) this.#held.push(one);
    this.#held.sort((one, other) => one.zxid - other.zxid);
  }

  /** Tells what is held, as far as the client may know by then. */
  tellHeld(upTo = Infinity): void {
    let count = 0;
    for (const { event, zxid } of this.#held) {
      if (zxid > upTo) break;
      this.#tell(event, zxid);
      count += 1;
    }
    this.#held.splice(0, count);
  }

  /** Whether the client may hear of it. */
  mayTell({ aclIndex }: TreeEvent): boolean {
    const list = this.#options.gateway.told()?.acl(aclIndex);
    return list === undefined || isReadByAll(list) || mayAccess(list, permission.read, this.identities);
  }

  reply(asked: Asked, zxid: number, body: Body): void {
    this.#send(asked, zxid, undefined, body);
  }

  refuse(asked: Asked, code: ZooKeeperError, zxid: number): void {
    this.#send(asked, zxid, code, noBody);
  }

  #tell(event: TreeEvent, zxid: number): void {
    const { gateway, send } = this.#options;
    if (this.mayTell(event)) send(gateway.events.of(event, zxid));
  }

  #send(asked: Asked, zxid: number, code: ZooKeeperError | undefined, body: Body): void {
    const { gateway, send, traffic } = this.#options;
    const { xid, atMs } = asked;
    this.tellHeld(zxid);
    const to = gateway.writer.begin();
    replyHeader.write(to, { xid, zxid, err: code === undefined ? 0 : errorCodes[code] });
    body(to);
    send(to.end());
    this.#lastZxid = zxid;
    const operation = "request" in asked ? asked.request.kind : undefined;
    // As ZooKeeper's `cons`: a ping's number, which is below 0, is not that of a request.
    this.#last = { operation: operation ?? "NA", xid: xid >= 0 ? xid : (this.#last?.xid ?? 0), zxid };
    const ms = gateway.clock.monotonicMs() - atMs;
    traffic.answered(ms);
    gateway.traffic.answered(ms);
    countRequest(gateway.metrics, { request: operation ?? "unknown", ms, error: code });
  }
}
