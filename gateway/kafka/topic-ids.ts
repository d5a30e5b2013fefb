import { topicIdsRefreshMs } from "../../shared/limits/kafka-gateway.ts";
import { itemsOf } from "../../shared/services/pages.ts";
import type { TopicService } from "../../shared/services/services.ts";
import { znodeChangesTopic } from "../../shared/services/znode-changes.ts";
import type { Clock } from "../../shared/storage/environment.ts";
import { znodeChangesId } from "./internal-topics.ts";

/** The names of topics by their ids. An id is never given again, so what is known of one holds. */
export class TopicIds {
  readonly #topics: TopicService;
  readonly #namespace: string;
  readonly #clock: Clock;
  #names: ReadonlyMap<string, string> = new Map();
  #readAtMs = -Infinity;
  #reading: Promise<void> | undefined;

  constructor(topics: TopicService, namespace: string, clock: Clock) {
    this.#topics = topics;
    this.#namespace = namespace;
    this.#clock = clock;
  }

  /** Undefined for an id that no topic has; one that was deleted may still be told. */
  async nameOf(topicId: string): Promise<string | undefined> {
    if (topicId === znodeChangesId) return znodeChangesTopic;
    const known = this.#names.get(topicId);
    if (known !== undefined) return known;
    if (this.#clock.monotonicMs() - this.#readAtMs >= topicIdsRefreshMs) await this.#readOnce();
    return this.#names.get(topicId);
  }

  #readOnce(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const names = new Map<string, string>();
    for await (const { name, topicId } of itemsOf((page) => this.#topics.list(this.#namespace, page))) {
      names.set(topicId, name);
    }
    this.#names = names;
    this.#readAtMs = this.#clock.monotonicMs();
  }
}
