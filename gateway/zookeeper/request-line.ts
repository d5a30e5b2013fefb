/**
 * The requests of one connection, in their order: what is asked of the log goes on its way at once, what is answered from
 * memory waits for that.
 *
 *     asked ─► waiting ─┬─ write, sync ──► under way ──► answered in the order of asking
 *                       └─ read: when nothing is under way
 */
import type { ZnodeTree } from "../../shared/tree/znode-tree.ts";
import { multiErrors, type WriteChain } from "../../shared/tree/tree-request.ts";
import type { TreeWriteResult } from "../../shared/tree/tree.ts";
import { describeError } from "../../functions/http/log.ts";
import { Answers, type Body, noBody } from "./answers.ts";
import type { Asked } from "./asked.ts";
import type { Gateway, LastAnswer } from "./gateway.ts";
import { identitiesAfterAuth } from "./identities.ts";
import type { ZooKeeperError } from "./protocol/error-codes.ts";
import { operations, type Request } from "./protocol/operations.ts";
import { errorResponse } from "./protocol/records.ts";
import { answerRead } from "./reads.ts";
import type { Traffic } from "./traffic.ts";
import { ToldAgain } from "./told-again.ts";
import type { HeldSession } from "./session-table.ts";
import { answerWatchRequest, setWatches, setWatchesAgain } from "./watch-requests.ts";
import { RefusedRequest, refusalCode, type Write, writeMultiErrors, writeOf } from "./writes.ts";

export interface LineOptions {
  readonly gateway: Gateway;
  readonly session: HeldSession;
  readonly address: string;
  readonly traffic: Traffic;
  readonly send: (frame: Buffer) => void;
  /** Whether the client has to read its answers before it gets more of them; `goOn` is called when it has. */
  readonly isUnread: () => boolean;
  /** Fewer requests are under way. */
  readonly onAnswered: () => void;
  /** The connection cannot go on; what was asked for and is not answered may have been done. */
  readonly fail: () => void;
  /** All that was to be sent is sent: the connection ends. */
  readonly finish: () => void;
}

interface Step {
  readonly asked: Asked;
  /** Answers; undefined while it is under way. */
  answer: (() => void) | undefined;
}

/** By what a client's library sets watches again. Not `auth`: who proves more may hear of what was kept from it before. */
const comingBack: ReadonlySet<Request["kind"]> = new Set(["setWatches", "setWatches2"]);
const noError: Body = (to) => errorResponse.write(to, { err: 0 });

export class RequestLine {
  readonly #options: LineOptions;
  readonly #answers: Answers;
  readonly #underWay: Step[] = [];
  readonly #waiting: Asked[] = [];
  readonly #chain: WriteChain = { broken: false };
  readonly #settled: (() => void)[] = [];
  /** While a client that comes back sets its watches again. */
  #toldAgain: ToldAgain | undefined;
  #isOver = false;
  /** Nothing more is begun or answered: the connection ends. */
  #isStopped = false;
  readonly #watch = (path: string, mode: number): void => {
    if (!this.#options.gateway.watches.add(this.#answers, path, mode)) throw new RefusedRequest("QUOTA_EXCEEDED");
  };
  readonly #onRoom = (): void => this.goOn();

  constructor(options: LineOptions) {
    this.#options = options;
    this.#answers = new Answers({ ...options, isUnderWay: () => this.#underWay.length > 0 });
  }

  /** Requests that are not answered. */
  get length(): number {
    return this.#underWay.length + this.#waiting.length;
  }

  /** The request that was answered last. */
  get last(): LastAnswer | undefined {
    return this.#answers.last;
  }

  ask(asked: Asked): void {
    this.#options.gateway.budget.take(asked.bytes);
    this.#waiting.push(asked);
    if (this.#waiting.length === 1) this.goOn();
  }

  /** Nothing more is answered or told. Resolves when nothing is under way. */
  async end(): Promise<void> {
    const { gateway } = this.#options;
    if (!this.#isOver) {
      this.#isOver = true;
      this.#isStopped = true;
      gateway.watches.forget(this.#answers);
      gateway.room.forget(this.#onRoom);
      for (const { bytes } of this.#waiting.splice(0)) gateway.budget.give(bytes);
    }
    if (this.#underWay.length > 0) await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  /** Begins what it can. Must not throw: others call it when they have made room. */
  goOn(): void {
    try {
      while (!this.#isStopped && !this.#options.isUnread()) {
        const [asked] = this.#waiting;
        if (asked === undefined || !this.#begin(asked)) return;
        this.#waiting.shift();
      }
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#options.gateway.log("ERROR", "a request failed", { cause: describeError(error) });
    this.#fail();
  }

  #failBecause(event: string, cause: unknown): void {
    if (!this.#isStopped) this.#options.gateway.log("WARN", event, { cause: describeError(cause) });
    this.#fail();
  }

  #fail(): void {
    this.#isStopped = true;
    this.#options.fail();
  }

  #stop(): void {
    this.#isStopped = true;
    this.#options.finish();
  }

  /** False while it has to wait for what is under way. */
  #begin(asked: Asked): boolean {
    if ("error" in asked) return this.#now(asked, () => this.#refuse(asked, asked.error));
    const { request } = asked;
    if (!comingBack.has(request.kind)) this.#toldAgain = undefined;
    let write: Write | undefined;
    try {
      write = writeOf(request);
    } catch (error) {
      return this.#now(asked, () => this.#refuse(asked, codeOf(error)));
    }
    if (write !== undefined) return this.#beginWrite(asked, write);
    switch (request.kind) {
      case "sync": {
        // Not what is there afterwards: writes that are asked for meanwhile come before that.
        const { zxid } = this.#answers;
        this.#await(asked, this.#options.gateway.follower.latest(), () => {
          const seen = Math.max(zxid, this.#answers.lastZxid);
          this.#answers.reply(asked, seen, (to) => operations.sync.response.write(to, request.body));
        });
        return true;
      }
      case "closeSession":
        return this.#alone(() => this.#close(asked));
      case "setWatches2":
        return this.#alone(() => this.#setWatches(asked, request));
      default:
        return this.#beginRead(asked, request);
    }
  }

  #beginWrite(asked: Asked, write: Write): boolean {
    const { gateway, session } = this.#options;
    const { writes, room, sessions } = gateway;
    if (room.isFull) {
      room.onRoom(this.#onRoom);
      return false;
    }
    room.take();
    const written = writes.write({
      operations: write.operations,
      identities: this.#answers.identities,
      session: { sessionId: session.sessionId, owner: sessions.owner },
      chain: this.#chain,
    });
    const done = written.finally(() => room.give());
    this.#await(asked, done, (result) => this.#answerWrite(asked, write, result));
    return true;
  }

  #answerWrite(asked: Asked, write: Write, result: TreeWriteResult): void {
    switch (result.kind) {
      case "done": {
        const { results } = result.result;
        // A multi without operations is of no transaction, but of what was there before.
        const zxid = Math.max(result.result.zxid, this.#answers.lastZxid);
        return this.#answers.reply(asked, zxid, (to) => write.answer(to, results));
      }
      case "refused": {
        const { refusal } = result;
        const { operationIndex } = refusal;
        // Not the latest: answers to what was asked later may be of earlier transactions.
        const zxid = refusal.zxid ?? this.#answers.zxid;
        if (!write.isMulti || operationIndex === undefined) return this.#refuse(asked, refusalCode(refusal), zxid);
        const errors = multiErrors(refusal, write.operations.length);
        return this.#answers.reply(asked, zxid, (to) => writeMultiErrors(to, errors));
      }
      case "failed":
      case "unknown":
        this.#failBecause("a write failed", result.kind === "failed" ? (result.cause ?? result.reason) : result.cause);
    }
  }

  /** In memory, when nothing is under way that it has to see. */
  #beginRead(asked: Asked, request: Request): boolean {
    const { gateway } = this.#options;
    return this.#alone(() => {
      const tree = gateway.follower.view;
      if (tree === undefined) {
        this.#await(asked, gateway.follower.latest(), (latest) => this.#read(asked, request, latest));
        return;
      }
      this.#now(asked, () => this.#read(asked, request, tree));
    });
  }

  #read(asked: Asked, request: Request, tree: ZnodeTree): void {
    const { gateway, session } = this.#options;
    if (tree.session(session.sessionId) === undefined) return this.#endOver();
    try {
      switch (request.kind) {
        case "auth":
          return this.#authenticate(asked, request.body);
        case "setWatches":
          this.#answers.hold(setWatches(gateway.watches, this.#answers, tree, request.body));
          return this.#answers.reply(asked, tree.lastZxid, noBody);
        case "addWatch":
        case "checkWatches":
        case "removeWatches":
          answerWatchRequest(gateway.watches, this.#answers, request);
          return this.#answers.reply(asked, tree.lastZxid, request.kind === "addWatch" ? noError : noBody);
        default: {
          const context = { tree, reader: this.#answers.identities, sessionId: session.sessionId, watch: this.#watch };
          return this.#answers.reply(asked, tree.lastZxid, (to) => answerRead(to, request, context));
        }
      }
    } catch (error) {
      this.#refuse(asked, codeOf(error));
    }
  }

  /** Its session has been ended, by others or since its time was over: its client hears of it when it connects again. */
  #endOver(): void {
    const { gateway, session, address } = this.#options;
    const sessionId = String(session.sessionId);
    gateway.log("INFO", "a connection was ended", { reason: "its session is over", address, sessionId });
    this.#fail();
  }

  #authenticate(asked: Asked, { scheme, auth }: { readonly scheme: string; readonly auth: Uint8Array | null }): void {
    const identities = identitiesAfterAuth(this.#answers.identities, scheme, auth, this.#options.gateway.auth);
    if (identities === undefined) {
      this.#refuse(asked, "AUTH_FAILED");
      this.#stop();
      return;
    }
    this.#answers.identities = identities;
    this.#answers.reply(asked, this.#answers.zxid, noBody);
  }

  #setWatches(asked: Asked, { body }: Extract<Request, { kind: "setWatches2" }>): void {
    const answers = this.#answers;
    const set = setWatchesAgain({
      ...this.#options.gateway,
      told: (this.#toldAgain ??= new ToldAgain()),
      watcher: answers,
      request: body,
      mayTell: (event) => answers.mayTell(event),
      isOver: () => this.#isOver,
    });
    this.#await(asked, set, (happened) => {
      answers.hold(happened);
      answers.tellHeld();
      answers.reply(asked, answers.zxid, noBody);
    });
  }

  #close(asked: Asked): void {
    const { gateway, session } = this.#options;
    const ended = gateway.sessions.end(session);
    this.#await(asked, ended, ({ zxid }) => {
      this.#answers.reply(asked, zxid, noBody);
      this.#stop();
    });
  }

  /** When nothing is under way; else later. */
  #alone(begin: () => void): boolean {
    if (this.#underWay.length > 0) return false;
    begin();
    return true;
  }

  #now(asked: Asked, answer: () => void): boolean {
    return this.#alone(() => {
      answer();
      this.#options.gateway.budget.give(asked.bytes);
    });
  }

  #await<Result>(asked: Asked, result: Promise<Result>, answer: (result: Result) => void): void {
    const step: Step = { asked, answer: undefined };
    this.#underWay.push(step);
    result.then(
      (value) => this.#finish(step, () => answer(value)),
      (error: unknown) =>
        this.#finish(step, () => {
          if (error instanceof RefusedRequest) throw error;
          this.#failBecause("a request failed", error);
        }),
    );
  }

  #finish(step: Step, answer: () => void): void {
    step.answer = answer;
    for (let first = this.#underWay[0]; first?.answer !== undefined; first = this.#underWay[0]) {
      if (!this.#isStopped) this.#answer(first.answer, first.asked);
      this.#underWay.shift();
      this.#options.gateway.budget.give(first.asked.bytes);
    }
    if (this.#underWay.length > 0) return;
    if (this.#isOver) for (const settled of this.#settled.splice(0)) settled();
    else this.#answers.tellHeld();
    this.goOn();
    this.#options.onAnswered();
  }

  #answer(answer: () => void, asked: Asked): void {
    try {
      answer();
    } catch (error) {
      if (error instanceof RefusedRequest) this.#refuse(asked, error.code);
      else this.#break(error);
    }
  }

  #refuse(asked: Asked, code: ZooKeeperError, zxid = this.#answers.zxid): void {
    this.#answers.refuse(asked, code, zxid);
    if (!endsConnection(asked, code)) return;
    if (code === "QUOTA_EXCEEDED")
      this.#options.gateway.log("WARN", "a client has too many watches to set them again", {});
    this.#stop();
  }
}

function endsConnection(asked: Asked, code: ZooKeeperError): boolean {
  if (code === "SESSION_EXPIRED" || code === "SESSION_MOVED" || code === "UNIMPLEMENTED") return true;
  // Clients do not look at this answer: they would wait for events that never come.
  return code === "QUOTA_EXCEEDED" && "request" in asked && asked.request.kind.startsWith("setWatches");
}

function codeOf(error: unknown): ZooKeeperError {
  if (error instanceof RefusedRequest) return error.code;
  throw error;
}
