/** Elections (Curator's LeaderLatch and LeaderSelector, etcd's Election), each term with a fencing token. */
import { CampaignCommand } from "../commands/campaign-command.ts";
import type { Leader } from "../commands/describe-election-command.ts";
import { ObserveElectionCommand } from "../commands/observe-election-command.ts";
import { ProclaimCommand } from "../commands/proclaim-command.ts";
import { ResignCommand } from "../commands/resign-command.ts";
import { sendPatiently } from "../coordination/send-patiently.ts";
import type { Session } from "../coordination/session.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { giveUp, Grant, type GrantedZnode } from "./grant.ts";
import { standInLine } from "./stand-in-line.ts";

/** One long poll. */
const waitMs = 20_000;

export interface CampaignOptions {
  /** What observers see of the leader. Default null. */
  readonly data?: RecordBytes | null;
  /** Gives up the candidacy. */
  readonly signal?: AbortSignal;
}

/** One election, as one session takes part in it. */
export class Election {
  readonly name: string;
  readonly #session: Session;

  constructor(session: Session, name: string) {
    this.name = name;
    this.#session = session;
  }

  /**
   * Waits until this candidate leads.
   *
   * @throws SessionExpiredError | StreamkeeperException, or the signal's reason
   */
  async campaign({ data = null, signal }: CampaignOptions = {}): Promise<Leadership> {
    const session = this.#session;
    const input = { ...session.caller, election: this.name, contenderId: crypto.randomUUID() };
    const command = new CampaignCommand({ ...input, data, waitMs });
    const resign = (): Promise<void> => giveUp(session, new ResignCommand(input));
    const granted = await standInLine(session, signal, {
      ask: async () => {
        const { leader, candidate, fencingToken } = await sendPatiently(session, command, session.signal);
        return leader && fencingToken !== undefined ? { path: candidate, fencingToken } : undefined;
      },
      leave: resign,
    });
    const proclaim = async (said: RecordBytes | null): Promise<void> => {
      await session.send(new ProclaimCommand({ ...input, data: said }));
    };
    return new Leadership(session, this.name, granted, resign, proclaim);
  }

  /**
   * One term after the other, for as long as the session lives: each is resigned when its turn of the loop is over. Ends
   * with the signal.
   *
   * @throws SessionExpiredError | StreamkeeperException
   */
  async *terms(options: CampaignOptions = {}): AsyncGenerator<Leadership, void, void> {
    const isOver = (): boolean => options.signal?.aborted === true;
    while (!isOver()) {
      let term: Leadership;
      try {
        term = await this.campaign(options);
      } catch (error) {
        if (isOver()) return;
        throw error;
      }
      try {
        yield term;
      } finally {
        await term.resign();
      }
    }
  }

  /**
   * Who leads, and whenever that changes or the leader proclaims; null while nobody does. Ends with the signal.
   *
   * @throws StreamkeeperServiceException NO_AUTH
   */
  async *observe({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Leader | null, void, void> {
    const { namespace, auth } = this.#session;
    let since: string | undefined;
    for (;;) {
      const input = { namespace, auth, election: this.name, ...(since === undefined ? {} : { since, waitMs }) };
      try {
        const answer = await sendPatiently(this.#session, new ObserveElectionCommand(input), signal);
        if (answer.since !== since) yield answer.leader;
        ({ since } = answer);
      } catch (error) {
        if (signal?.aborted === true) return;
        throw error;
      }
    }
  }
}

/** A term: until it is resigned, or `signal` aborts because the session has ended or may have. */
export class Leadership extends Grant {
  readonly election: string;
  readonly #proclaim: (data: RecordBytes | null) => Promise<void>;

  constructor(
    session: Session,
    election: string,
    granted: GrantedZnode,
    resign: () => Promise<void>,
    proclaim: (data: RecordBytes | null) => Promise<void>,
  ) {
    super(session, granted, resign);
    this.election = election;
    this.#proclaim = proclaim;
  }

  /** Changes what observers see of the leader. @throws StreamkeeperServiceException FENCED | NO_NODE if it leads no longer */
  async proclaim(data: RecordBytes | null): Promise<void> {
    await this.#proclaim(data);
  }

  /** Resolves when the next candidate may lead. Once is enough; a term that ended with its session is no error. */
  async resign(): Promise<void> {
    await this.end("the leader has resigned");
  }
}
