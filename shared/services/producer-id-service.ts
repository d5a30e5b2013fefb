/** Hands out producer ids (Kafka's InitProducerId without a transactional id) from blocks, so that few requests serve many. */
import { producerIdBlock } from "../limits.ts";
import { producerIdsKey } from "../storage/item-keys.ts";
import type { Storage } from "../storage/storage.ts";
import type { ProducerIdService } from "./services.ts";
import { withStorageErrors } from "./storage-errors.ts";

/** One counter for all namespaces: ids stay unique even where a partition is read by tools that know no namespaces. */
const counterShard = "all";

export function producerIdService(storage: Storage): ProducerIdService {
  return new BlockedProducerIds(storage);
}

class BlockedProducerIds implements ProducerIdService {
  readonly #storage: Storage;
  #next = 0;
  #end = 0;
  #refilling: Promise<void> | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  allocate(): ReturnType<ProducerIdService["allocate"]> {
    return withStorageErrors(async () => {
      while (this.#next >= this.#end) {
        this.#refilling ??= this.#refill().finally(() => {
          this.#refilling = undefined;
        });
        await this.#refilling;
      }
      const producerId = BigInt(this.#next);
      this.#next += 1;
      return { producerId, producerEpoch: 0 };
    });
  }

  /** A block whose answer is lost is never used: ids are plenty, and two owners would be fatal. */
  async #refill(): Promise<void> {
    const key = producerIdsKey(counterShard);
    const result = await this.#storage.items.update(key, { add: { next: producerIdBlock } });
    const end = result.applied ? result.item.attributes["next"] : undefined;
    if (typeof end !== "number") throw new Error("the counter of producer ids has no number");
    this.#next = end - producerIdBlock;
    this.#end = end;
  }
}
