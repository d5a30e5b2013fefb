/**
 * Follows what clients of ZooKeeper write about topics, and sees to it that it takes effect (docs/decisions/0037). Every gateway
 * does it: the controller at once, the others a little later, when there is seldom anything left to do.
 */
import { describeError, type Log } from "../../functions/http/log.ts";
import { ServiceError } from "../../shared/api/errors.ts";
import { fetchWaitMsMax } from "../../shared/limits.ts";
import {
  leadersShownMsMax,
  topicCareGraceMs,
  topicCareRetryMs,
  topicProblemsKept,
} from "../../shared/limits/topic-care.ts";
import type { Services } from "../../shared/services/services.ts";
import type { TopicProblem } from "../../shared/services/topic-care.ts";
import type { Timers } from "../../shared/storage/environment.ts";
import type { LeaderOf } from "../../shared/topics/topic-care.ts";
import { chooseNode, partitionKeyOf } from "./rendezvous.ts";

export interface CaretakerOptions {
  readonly services: Pick<Services, "topicCare">;
  readonly namespace: string;
  readonly timers: Timers;
  readonly log: Log;
  /** As of now. */
  readonly isController: () => boolean;
}

/** With more topics at once all are gone through in memory. */
const namesMax = 100;

/** As clients of Kafka's protocol are told it, of gateways that live. */
const leaderOf: LeaderOf = (topicId, partition, nodeIds) => {
  const nodes = nodeIds.map((nodeId) => ({ nodeId }));
  return chooseNode(partitionKeyOf(topicId, partition), nodes)?.nodeId;
};

export class TopicCaretaker {
  readonly #options: CaretakerOptions;
  /** What was said already, by topic. */
  readonly #told = new Map<string, number>();
  /** Undefined until clients of ZooKeeper are about. */
  #leaderOf: LeaderOf | undefined;
  /** Whether something went wrong, so that all is to be gone through again. */
  #isBehind = false;

  constructor(options: CaretakerOptions) {
    this.#options = options;
  }

  /** From now on the tree says who leads each partition: when this resolves of all, unless they are very many. */
  async showLeaders(): Promise<void> {
    if (this.#leaderOf !== undefined) return;
    this.#leaderOf = leaderOf;
    const late = new AbortController();
    const showing = this.#tend(undefined).then(
      (problems) => this.#tell(problems),
      () => {
        this.#isBehind = true;
      },
    );
    await Promise.race([showing, this.#pause(leadersShownMsMax, late.signal)]);
    late.abort();
  }

  /** Until the signal aborts. What goes wrong is tried again; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { services, namespace, log, isController } = this.#options;
    let since: number | undefined;
    while (!signal.aborted) {
      try {
        const from = since === undefined ? {} : { since };
        const { names, zxid } = await services.topicCare.changed(namespace, {
          ...from,
          waitMs: fetchWaitMsMax,
          signal,
        });
        if (signal.aborted) return;
        const changed = this.#isBehind ? undefined : names;
        this.#isBehind = false;
        if (changed?.size !== 0) {
          if (since !== undefined && !isController()) await this.#pause(topicCareGraceMs, signal);
          this.#tell(await this.#tend(changed));
        }
        since = zxid;
      } catch (error) {
        // A store that fails is no news.
        if (!(error instanceof ServiceError)) {
          log("ERROR", "the gateway cannot look after topics", { cause: describeError(error) });
        }
        since = undefined;
        await this.#pause(topicCareRetryMs, signal);
      }
    }
  }

  async #tend(names: ReadonlySet<string> | undefined): Promise<readonly TopicProblem[]> {
    const { services, namespace } = this.#options;
    const { topicCare } = services;
    const leading = this.#leaderOf;
    if (names === undefined || names.size > namesMax) return await topicCare.tendAll(namespace, leading);
    const problems: TopicProblem[] = [];
    for (const name of names) {
      const problem = await topicCare.tend(namespace, name, leading);
      if (problem !== undefined) problems.push(problem);
    }
    return problems;
  }

  #tell(problems: readonly TopicProblem[]): void {
    for (const { name, zxid, message } of problems) {
      if (this.#told.get(name) === zxid) continue;
      if (this.#told.size >= topicProblemsKept) this.#told.clear();
      this.#told.set(name, zxid);
      this.#options.log("WARN", "a topic that a client of ZooKeeper wrote is not right", { topic: name, message });
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.timers.sleep(ms, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
