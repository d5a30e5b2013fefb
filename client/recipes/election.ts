/** Elections (Curator's LeaderLatch and LeaderSelector, etcd's Election), each term with a fencing token. */
import { CampaignCommand } from "../commands/campaign-command.ts";
import type { Leader } from "../commands/describe-election-command.ts";
import type { MultiOperation } from "../commands/multi-command.ts";
import { ObserveElectionCommand } from "../commands/observe-election-command.ts";
import { ProclaimCommand } from "../commands/proclaim-command.ts";
import { ResignCommand } from "../commands/resign-command.ts";
import type { Session } from "../coordination/session.ts";
import { isServiceException } from "../exceptions.ts";
import type { RecordBytes } from "../record-bytes.ts";
import { reasonFor } from "./reason-for.ts";

/** One long poll. */
const waitMs = 20_000;

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
  async campaign(
    options: { readonly data?: RecordBytes | null; readonly signal?: AbortSignal } = {},
  ): Promise<Leadership> {
    const session = this.#session;
    const contenderId = crypto.randomUUID();
    const { signal, data = null } = options;
    const abortSignal = signal === undefined ? session.signal : AbortSignal.any([signal, session.signal]);
    const input = { ...session.caller, election: this.name, contenderId, data, waitMs };
    try {
      for (;;) {
        signal?.throwIfAborted();
        session.requireOpen();
        const { leader, candidate, fencingToken } = await session.send(new CampaignCommand(input), { abortSignal });
        // The answer may have come late: by now the session may be over, and another may lead.
        session.requireOpen();
        if (leader && fencingToken !== undefined) {
          return new Leadership(session, this.name, contenderId, { path: candidate, fencingToken });
        }
      }
    } catch (error) {
      await resignQuietly(session, this.name, contenderId);
      throw reasonFor(error, signal, session.signal);
    }
  }

  /** Who leads, and whenever that changes or the leader proclaims; null while nobody does. */
  async *observe({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<Leader | null, void, void> {
    const { namespace, auth } = this.#session;
    let since: string | undefined;
    for (;;) {
      const input = { namespace, auth, election: this.name, ...(since === undefined ? {} : { since, waitMs }) };
      const options = signal === undefined ? {} : { abortSignal: signal };
      const answer = await this.#session.send(new ObserveElectionCommand(input), options).catch((error: unknown) => {
        if (signal?.aborted === true) return undefined;
        throw error;
      });
      if (answer === undefined) return;
      if (answer.since !== since) yield answer.leader;
      ({ since } = answer);
    }
  }
}

/** A term: until it is resigned, or `signal` aborts because the session has ended or may have. */
export class Leadership implements AsyncDisposable {
  readonly election: string;
  /** Greater than that of any leader before. Produce and multi refuse what comes with an older one. */
  readonly fencingToken: number;
  /** Of the candidate's znode. */
  readonly path: string;
  readonly #session: Session;
  readonly #contenderId: string;
  readonly #resigned = new AbortController();

  constructor(
    session: Session,
    election: string,
    contenderId: string,
    grant: { readonly path: string; readonly fencingToken: number },
  ) {
    this.election = election;
    this.fencingToken = grant.fencingToken;
    this.path = grant.path;
    this.#session = session;
    this.#contenderId = contenderId;
  }

  /** Aborts when the term is over, or can no longer be counted on. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#resigned.signal, this.#session.signal]);
  }

  /** For a `multi`: all of it is refused with FENCED unless this candidate still leads. */
  get fence(): MultiOperation {
    return { type: "fence", path: this.path, fencingToken: this.fencingToken };
  }

  /** Changes what observers see of the leader. @throws StreamkeeperServiceException FENCED if it leads no longer */
  async proclaim(data: RecordBytes | null): Promise<void> {
    const { election } = this;
    const contenderId = this.#contenderId;
    await this.#session.send(new ProclaimCommand({ ...this.#session.caller, election, contenderId, data }));
  }

  /** Once is enough; a term that ended with its session is no error. */
  async resign(): Promise<void> {
    if (this.#resigned.signal.aborted) return;
    this.#resigned.abort(new Error(`the leader of ${this.election} has resigned`));
    await resign(this.#session, this.election, this.#contenderId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.resign();
  }
}

async function resign(session: Session, election: string, contenderId: string): Promise<void> {
  try {
    await session.send(new ResignCommand({ ...session.caller, election, contenderId }));
  } catch (error) {
    if (!isServiceException(error, "NO_NODE") && !isServiceException(error, "SESSION_EXPIRED")) throw error;
  }
}

/** After a failure that is to be told: a candidate that could not stand down goes with the session. */
async function resignQuietly(session: Session, election: string, contenderId: string): Promise<void> {
  try {
    await resign(session, election, contenderId);
  } catch {
    return;
  }
}
