/** Acknowledgements of a worker: one conditional update for each partition, and the dead letters that follow from it. */
import { ServiceError } from "../api/errors.ts";
import { acknowledge, claimDead, type DeadRecord, settle } from "../groups/share-decisions.ts";
import type { ShareState } from "../groups/share-state.ts";
import { shareChangeAttemptsMax, shareDeadLettersAtOnce, shareDeadLetterWaitMsMax } from "../limits/share-groups.ts";
import { StorageThrottledError } from "../storage/errors.ts";
import type { Storage } from "../storage/storage.ts";
import { withChangeErrors } from "./change-errors.ts";
import { findPartition } from "./find-partition.ts";
import type { TopicFinder } from "./services.ts";
import { rulesOf } from "./share-acquirer.ts";
import type { ClaimedDead, ShareDeadLetters } from "./share-dead-letters.ts";
import type { ShareGroup } from "./share-group-items.ts";
import type { Acknowledgement, AcknowledgeResult } from "./share-groups.ts";
import type { ShareStates } from "./share-states.ts";
import { eachAtOnce } from "./share-topics.ts";

interface Part {
  readonly topic: string;
  readonly partition: number;
  /** Places in the request. */
  readonly indexes: readonly number[];
}

export class ShareAcknowledger {
  readonly #storage: Storage;
  readonly #states: ShareStates;
  readonly #topics: TopicFinder;
  readonly #deadLetters: ShareDeadLetters;

  constructor(storage: Storage, states: ShareStates, topics: TopicFinder, deadLetters: ShareDeadLetters) {
    this.#storage = storage;
    this.#states = states;
    this.#topics = topics;
    this.#deadLetters = deadLetters;
  }

  /** One partition's failure hides no other's success. @throws ShareGroupChangedError */
  async acknowledge(
    group: ShareGroup,
    memberId: string,
    acknowledgements: readonly Acknowledgement[],
  ): Promise<readonly AcknowledgeResult[]> {
    const results: AcknowledgeResult[] = [...acknowledgements];
    const dead: ClaimedDead[] = [];
    await eachAtOnce(partsOf(acknowledgements), async (part) => {
      const asked = part.indexes.flatMap((index) => acknowledgements[index] ?? []);
      const errors = await this.#errorsOf(group, memberId, part, asked, dead);
      part.indexes.forEach((index, place) => {
        const [one, error] = [acknowledgements[index], errors[place]];
        if (one !== undefined && error !== undefined) results[index] = { ...one, error };
      });
    });
    if (dead.length > 0) await this.#deliver(dead);
    return results;
  }

  async #errorsOf(
    group: ShareGroup,
    memberId: string,
    part: Part,
    asked: readonly Acknowledgement[],
    dead: ClaimedDead[],
  ): Promise<readonly (ServiceError | undefined)[]> {
    try {
      return await withChangeErrors(() => this.#apply(group, memberId, part, asked, dead));
    } catch (cause) {
      if (cause instanceof ServiceError) return asked.map(() => cause);
      throw cause;
    }
  }

  async #apply(
    group: ShareGroup,
    memberId: string,
    { topic, partition }: Part,
    asked: readonly Acknowledgement[],
    dead: ClaimedDead[],
  ): Promise<readonly (ServiceError | undefined)[]> {
    const { topicId } = await findPartition(this.#topics, group.namespace, topic, partition);
    const name = { group, topicId, partition };
    const outcome = await this.#states.inTurn(name, async () => {
      const sinceMonotonicMs = this.#storage.clock.monotonicMs();
      const decide = (state: ShareState | undefined) => this.#decide(group, state, memberId, asked);
      const options = { attemptsMax: shareChangeAttemptsMax, mayBeOld: false };
      return { sinceMonotonicMs, ...(await this.#states.change(name, decide, options)) };
    });
    if (outcome.kind === "lost") throw new StorageThrottledError("too many acknowledge records of one partition");
    const { applied, claimed } = outcome.answer;
    if (claimed.length > 0) {
      dead.push({ name, topic, records: claimed, sinceMonotonicMs: outcome.sinceMonotonicMs });
    }
    return asked.map((one, index) => (applied[index] === true ? undefined : notHeld(one)));
  }

  #decide(
    group: ShareGroup,
    state: ShareState | undefined,
    memberId: string,
    asked: readonly Acknowledgement[],
  ): {
    readonly state: ShareState | undefined;
    readonly answer: { readonly applied: readonly boolean[]; readonly claimed: readonly DeadRecord[] };
  } {
    const none = { state, answer: { applied: [], claimed: [] } };
    if (state === undefined) return none;
    const nowMs = this.#storage.clock.wallMs();
    const rules = rulesOf(group);
    // Before locks that are over are ended: one that nobody has taken since still counts.
    const done = acknowledge(state, memberId, asked, { lockUntilMs: nowMs + group.config.lockMs, rules });
    if (!done.applied.includes(true)) return none;
    const { state: next, claimed } = claimDead(settle(done.state, nowMs, rules), nowMs, shareDeadLettersAtOnce);
    return { state: next, answer: { applied: done.applied, claimed } };
  }

  /** Beyond the wait they go on where the process does; else others find them when our claim is over. */
  async #deliver(dead: readonly ClaimedDead[]): Promise<void> {
    const waited = new AbortController();
    const end = this.#storage.timers.sleep(shareDeadLetterWaitMsMax, waited.signal).catch(() => undefined);
    await Promise.race([Promise.all(dead.map((claimed) => this.#deadLetters.deliver(claimed))), end]);
    waited.abort();
  }
}

function partsOf(acknowledgements: readonly Acknowledgement[]): readonly Part[] {
  const parts = new Map<string, { topic: string; partition: number; indexes: number[] }>();
  acknowledgements.forEach(({ topic, partition }, index) => {
    const id = `${topic}:${partition}`;
    const part = parts.get(id);
    if (part === undefined) parts.set(id, { topic, partition, indexes: [index] });
    else part.indexes.push(index);
  });
  return [...parts.values()];
}

function notHeld({ topic, partition, firstOffset, lastOffset }: Acknowledgement): ServiceError {
  return new ServiceError(
    "INVALID_RECORD_STATE",
    "A record of the range is not, or no longer, acquired by the worker",
    {
      details: { topic, partition, firstOffset, lastOffset },
    },
  );
}
