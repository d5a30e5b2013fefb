/** Barriers (Curator's DistributedBarrier and DistributedDoubleBarrier). */
import { CreateZnodeCommand } from "../commands/create-znode-command.ts";
import { DeleteZnodeCommand } from "../commands/delete-znode-command.ts";
import { patiently, sendPatiently } from "../coordination/send-patiently.ts";
import type { Session } from "../coordination/session.ts";
import { ZnodeClient } from "../coordination/znode-client.ts";
import { isServiceException } from "../exceptions.ts";
import { giveUp } from "./grant.ts";
import { readMany } from "./read-many.ts";
import { askInLine } from "./stand-in-line.ts";
import { type WaitOptions, waitUntil } from "./wait-until.ts";

const parent = "/barriers";

/** Holds back everyone who waits, for as long as it is set. */
export class Barrier {
  readonly path: string;
  readonly #znodes: ZnodeClient;

  constructor(znodes: ZnodeClient, name: string) {
    this.#znodes = znodes;
    this.path = `${parent}/${name}`;
  }

  /** One that is set already stays. */
  async set(): Promise<void> {
    await this.#znodes.ensure(this.path);
  }

  /** Lets everyone through; one that is not set is no error. */
  async remove(): Promise<void> {
    try {
      await this.#znodes.delete(this.path);
    } catch (error) {
      if (!isServiceException(error, "NO_NODE")) throw error;
    }
  }

  /** Until it is removed; at once if it is not set. @throws StreamkeeperException, or the signal's reason */
  async wait(options: WaitOptions = {}): Promise<void> {
    await waitUntil(this.#znodes, this.path, options, async () =>
      (await this.#znodes.exists(this.path)) === undefined ? true : undefined,
    );
  }
}

/** So many members begin together and end together; who is lost with its session counts as having left. */
export class DoubleBarrier {
  readonly path: string;
  readonly members: number;
  readonly #session: Session;
  readonly #znodes: ZnodeClient;
  readonly #readyPath: string;
  #entered: Entered | undefined;

  /** @param members the same for all who use it */
  constructor(session: Session, name: string, members: number) {
    if (!Number.isSafeInteger(members) || members < 1) throw new TypeError("members must be a whole number from 1 on");
    this.#session = session;
    this.#znodes = new ZnodeClient(session, { session });
    this.members = members;
    this.path = `${parent}/${name}`;
    this.#readyPath = `${this.path}/ready`;
  }

  /**
   * Until all members are there; whoever stops waiting no longer counts.
   *
   * @throws SessionExpiredError | StreamkeeperException, or the signal's reason
   */
  async enter(options: WaitOptions = {}): Promise<void> {
    const session = this.#session;
    const memberPath = `${this.path}/member-${crypto.randomUUID()}`;
    const input = {
      ...session.caller,
      path: memberPath,
      mode: "ephemeral",
      idempotencyKey: crypto.randomUUID(),
    } as const;
    const withdraw = (): Promise<void> => this.#withdraw(memberPath);
    const { zxid } = await askInLine(session, options.signal, {
      ask: async () => {
        await patiently(() => this.#znodes.ensure(this.path), session.signal);
        return await sendPatiently(session, new CreateZnodeCommand(input), session.signal);
      },
      leave: withdraw,
    });
    try {
      const round = await waitUntil(this.#znodes, this.path, this.#endsWith(options), () => this.#begin(zxid));
      session.requireOpen();
      this.#entered = { memberPath, round };
    } catch (error) {
      void Promise.allSettled([withdraw()]);
      session.requireOpen();
      throw error;
    }
  }

  /** Until all members have left, or were lost. @throws as `enter` */
  async leave(options: WaitOptions = {}): Promise<void> {
    if (this.#entered === undefined) throw new Error(`${this.path} has not been entered`);
    const { memberPath, round } = this.#entered;
    await this.#withdraw(memberPath);
    await waitUntil(this.#znodes, this.path, this.#endsWith(options), async () => {
      const { members } = await this.#look();
      return (await this.#areInside(members, round)) ? undefined : true;
    });
    this.#entered = undefined;
    await this.#endRound(round);
  }

  /**
   * Whoever sees all members first says so by the znode `ready`, to those as well who come to look when one has left
   * already. Its czxid names the round: a member of it was there before.
   */
  async #begin(ownZxid: number): Promise<number | undefined> {
    const { members, isReady } = await this.#look();
    if (isReady) {
      const round = (await this.#znodes.exists(this.#readyPath))?.czxid;
      if (round === undefined || round > ownZxid) return round;
      // An earlier round: either its members are still inside, or they were lost before they could end it.
      if (await this.#areInside(members, round)) return undefined;
      await this.#endRound(round);
    }
    if (members.length < this.members) return undefined;
    try {
      return (await this.#znodes.create(this.#readyPath)).zxid;
    } catch (error) {
      if (!isServiceException(error, "NODE_EXISTS")) throw error;
      // Another was first: a change, so it is looked at again.
      return undefined;
    }
  }

  async #look(): Promise<{ readonly members: readonly string[]; readonly isReady: boolean }> {
    const names = await this.#znodes.getChildren(this.path);
    const members = names.filter((name) => name.startsWith("member-")).map((name) => `${this.path}/${name}`);
    return { members, isReady: names.includes("ready") };
  }

  async #areInside(members: readonly string[], round: number): Promise<boolean> {
    const found = await readMany(this.#znodes, members);
    return found.some((znode) => znode !== undefined && znode.stat.czxid < round);
  }

  async #endRound(round: number): Promise<void> {
    const path = this.#readyPath;
    try {
      await this.#znodes.multi([
        { type: "fence", path, fencingToken: round },
        { type: "delete", path },
      ]);
    } catch (error) {
      if (!isServiceException(error, "FENCED") && !isServiceException(error, "NO_NODE")) throw error;
    }
  }

  #withdraw(path: string): Promise<void> {
    return giveUp(this.#session, new DeleteZnodeCommand({ ...this.#session.caller, path }));
  }

  #endsWith({ signal }: WaitOptions): WaitOptions {
    const session = this.#session.signal;
    return { signal: signal === undefined ? session : AbortSignal.any([signal, session]) };
  }
}

interface Entered {
  readonly memberPath: string;
  readonly round: number;
}
