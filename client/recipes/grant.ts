/** What a lock, an election or a semaphore grants: until it is given up, or the session has ended or may have. */
import type { Command } from "../command.ts";
import type { MultiOperation } from "../commands/multi-command.ts";
import { sendPatiently } from "../coordination/send-patiently.ts";
import type { Session } from "../coordination/session.ts";
import { isServiceException } from "../exceptions.ts";

/** The znode that stands for a grant. */
export interface GrantedZnode {
  readonly path: string;
  /** Its czxid. */
  readonly fencingToken: number;
}

export abstract class Grant implements AsyncDisposable {
  /** Of the znode that stands for the grant. */
  readonly path: string;
  /** Greater than that of any grant before. Produce and multi refuse what comes with an older one. */
  readonly fencingToken: number;
  /** Aborts when the grant is given up, or can no longer be counted on because the session has ended or may have. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #giveUp: () => Promise<void>;
  #ending: Promise<void> | undefined;

  constructor(session: Session, { path, fencingToken }: GrantedZnode, giveUp: () => Promise<void>) {
    this.path = path;
    this.fencingToken = fencingToken;
    this.signal = AbortSignal.any([this.#over.signal, session.signal]);
    this.#giveUp = giveUp;
  }

  /** For a `multi`: all of it is refused with FENCED unless this is still granted. */
  get fence(): MultiOperation {
    return { type: "fence", path: this.path, fencingToken: this.fencingToken };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("it went out of scope");
  }

  /** The signal aborts at once; resolves when the service knows, or the session is over. */
  protected end(reason: string): Promise<void> {
    this.#over.abort(new Error(`${this.path} was given up: ${reason}`));
    this.#ending ??= this.#giveUp().catch((error: unknown) => {
      this.#ending = undefined;
      throw error;
    });
    return this.#ending;
  }
}

/**
 * Gives up a grant, or a place in line: again and again until the service has answered or the session is over. Nobody else
 * gets on before, and what is gone already is no error.
 *
 * @throws StreamkeeperServiceException NO_AUTH
 */
export async function giveUp(session: Session, command: Command<object, object>): Promise<void> {
  if (session.signal.aborted) return;
  try {
    await sendPatiently(session, command, session.signal);
  } catch (error) {
    if (!session.signal.aborted && !isServiceException(error, "NO_NODE")) throw error;
  }
}
