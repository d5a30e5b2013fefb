/** A gateway to which scripts are sent, some connections at the same time, and what it answers is judged. */
import { operations } from "../../../gateway/zookeeper/protocol/operations.ts";
import { FuzzFailure, type Tally } from "../target.ts";
import type { Learnt, Script, SentFrame } from "./any-script.ts";
import { FuzzClient, type FuzzReply } from "./fuzz-client.ts";
import { ZooKeeperWorld } from "./world.ts";

const answersMsMax = 10_000;
const learntMax = 40;
const endOfSession = new Set([-112, -118, -6]);

export class GatewayRun implements AsyncDisposable {
  readonly #world: ZooKeeperWorld;
  #paths: string[] = [];
  #sessions: { sessionId: bigint; passwd: Uint8Array }[] = [];
  #accepted = 0;
  #declined = 0;

  private constructor(world: ZooKeeperWorld) {
    this.#world = world;
  }

  static async begin(seed: number): Promise<GatewayRun> {
    return new GatewayRun(await ZooKeeperWorld.begin(seed));
  }

  get learnt(): Learnt {
    return { paths: this.#paths, sessions: this.#sessions };
  }

  get tally(): Tally {
    return { accepted: this.#accepted, declined: this.#declined };
  }

  /** Each over a connection of its own, at the same time; meanwhile and afterwards others are served. @throws FuzzFailure */
  async send(scripts: readonly Script[]): Promise<void> {
    const clients = scripts.map(({ asksWord }) => new FuzzClient(this.#world.port, asksWord));
    const playing = scripts.map((script, index) => this.#play(script, clients[index]));
    const ends = await Promise.allSettled([...playing, this.#world.checkAlive()]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    await this.#world.checkAlive();
    for (const client of clients) {
      client.destroy(false);
      client.check();
    }
  }

  /** @throws FuzzFailure */
  async checkReleased(): Promise<void> {
    await this.#world.checkReleased();
    this.#world.checkLog();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#world[Symbol.asyncDispose]();
  }

  async #play(script: Script, client: FuzzClient | undefined): Promise<void> {
    if (client === undefined) return;
    const { bytes, chunkBytes, ending, isSlow, frames } = script;
    if (isSlow) client.stopReading();
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      client.send(bytes.subarray(at, at + chunkBytes));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (isSlow) {
      await this.#world.checkAlive();
      client.readAgain();
    }
    if (ending === "end") client.endSending();
    else if (ending !== "wait") client.destroy(ending === "reset");
    else if (frames !== undefined) await this.#allAnswered(client, frames);
    this.#judge(client, frames);
    this.#accepted += client.replies.length;
    this.#declined += Math.max(0, script.count - client.replies.length);
  }

  async #allAnswered(client: FuzzClient, frames: readonly SentFrame[]): Promise<void> {
    const isAnswered = (): boolean =>
      client.isOver || (client.session !== undefined && client.replies.length >= frames.length);
    if (await client.until(isAnswered, answersMsMax)) return;
    throw new FuzzFailure(`${client.replies.length} of ${frames.length} requests are answered`);
  }

  /** @throws FuzzFailure */
  #judge(client: FuzzClient, frames: readonly SentFrame[] | undefined): void {
    client.check();
    let last = 0;
    for (const [index, reply] of client.replies.entries()) {
      if (reply.zxid < last) throw new FuzzFailure(`zxid ${reply.zxid} after ${last}`);
      last = reply.zxid;
      const sent = frames?.[index];
      if (frames === undefined) continue;
      if (sent?.xid !== reply.xid) throw new FuzzFailure(`${reply.xid} is answered instead of ${sent?.xid}`);
      this.#learn(sent, reply);
    }
    if (client.session !== undefined && client.session.sessionId !== 0n && this.#sessions.length < learntMax) {
      const { sessionId, passwd } = client.session;
      this.#sessions.push({ sessionId, passwd: Uint8Array.from(passwd ?? []) });
    }
    const ended = client.replies.findIndex(({ err }) => endOfSession.has(err));
    if (ended >= 0 && ended < client.replies.length - 1 && frames !== undefined) {
      throw new FuzzFailure(`${client.replies.length - 1 - ended} answers after the one that ends the connection`);
    }
  }

  /** @throws FuzzFailure for a body that no client could read */
  #learn({ name }: SentFrame, { err, body }: FuzzReply): void {
    if (name === undefined || err !== 0) return;
    try {
      const answer = operations[name].response.read(body);
      if (body.left > 0) throw new FuzzFailure(`an answer of ${name} goes on for ${body.left} bytes`);
      if ("path" in answer && typeof answer.path === "string" && answer.path.length < 100) {
        this.#paths = [...this.#paths.slice(-learntMax), answer.path];
      }
    } catch (cause) {
      throw new FuzzFailure(`the answer of ${name} is not one`, { cause });
    }
  }
}
